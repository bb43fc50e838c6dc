package iptables

import (
	"context"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/backend"
)

// Restore puts a rendered gate in force on a machine that has none, perhaps before Docker was there. A DOCKER-USER that
// the gate hangs on is made with its jump: Docker keeps the rules of one that exists, and only puts the jump first.
//
// A kernel that no longer speaks IPv6 has nothing to guard there. Sets that an interrupted restore left behind have
// their content in their name, and are used.
func (b *Backend) Restore(ctx context.Context, rules string) error {
	sections, err := Sections(rules)
	if err != nil {
		return err
	}
	has, err := look(ctx, b.tools)
	if err != nil {
		return err
	}
	text := ""
	for _, s := range sections {
		if s.Header == IPv6Header && has.saved[ipv6] == nil {
			continue
		}
		text += has.ready(s)
	}
	return b.Apply(ctx, backend.Change{Text: text})
}

// ready is the text of a section for this host.
func (r *reading) ready(s Section) string {
	switch s.Header {
	case SetsHeader:
		return keepSets(s.Text)
	case IPv4Header:
		return hosted(s.Text, r.saved[ipv4])
	case IPv6Header:
		return hosted(s.Text, r.saved[ipv6])
	}
	return s.Text
}

// keepSets makes creating a set, or adding an element, that is there already no error.
func keepSets(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		for _, verb := range []string{"create", "add"} {
			if rest, ok := strings.CutPrefix(line, verb+" "); ok {
				line = verb + " -exist " + rest
				break
			}
		}
		b.WriteString(line)
	}
	return b.String()
}

// hosted is a transaction that also makes DOCKER-USER and the jump to it, as far as it hangs on them and they are missing,
// and notes what it makes on this host. The jump goes to the end, where the chain it leads to is already filled; a
// declaration of a chain that exists would empty it.
func hosted(text string, has *saved) string {
	lines := strings.SplitAfter(text, "\n")
	begin, end := slices.Index(lines, "*filter\n"), slices.Index(lines, "COMMIT\n")
	if begin < 0 || end < 0 {
		return text
	}
	for i, line := range lines {
		if rule, ok := strings.CutPrefix(line, "-A "+aboutChain+" "); ok {
			lines[i] = "-A " + aboutChain + " " + aboutHere(rule, has).rule().text() + "\n"
		}
	}
	if !slices.Contains(lines, "-I "+dockerUser+" -j "+forwardChain+"\n") {
		return strings.Join(lines, "")
	}
	if !has.used {
		lines = slices.Insert(lines, end, "-I FORWARD -j "+dockerUser+"\n")
	}
	if !has.user {
		lines = slices.Insert(lines, begin+1, declaration(dockerUser)+"\n")
	}
	return strings.Join(lines, "")
}

// aboutHere is what a rendered comment says, with what is made on this host in place of what was made on the other one.
func aboutHere(rule string, has *saved) about {
	rendered := &saved{chains: map[string][]savedRule{aboutChain: {{text: strings.TrimSuffix(rule, "\n")}}}}
	return about{since: rendered.about().since, made: has.missing}
}
