package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/host"
)

// The labels of containers that mean something here.
const (
	allowLabel  = "dockwall.allow"
	labelSpace  = "dockwall."
	longestText = 4096 // bytes of a label that are looked at
)

// WithLabels is the policy with the rules that running containers' labels add: each opens ports of its own container,
// to sources within Labels.Within. A label can be anybody's text, so that nothing in it is an error: what is wrong with
// it is a warning, and its sentence opens nothing.
func (p *Policy) WithLabels(h *host.Host) (*Policy, Problems) {
	l := labels{policy: p}
	if p.Labels != nil {
		l.within = p.Addresses(p.Labels.Within)
	}
	for i := range h.Containers {
		if c := &h.Containers[i]; c.Running {
			l.container(c)
		}
	}
	merged := *p
	merged.Ingress = slices.Concat(p.Ingress, l.rules)
	return &merged, l.problems
}

// labels collects the rules of containers' labels.
type labels struct {
	policy   *Policy
	within   *netipx.IPSet
	rules    []Rule
	problems Problems
}

func (l *labels) container(c *host.Container) {
	l.misspelt(c)
	text, ok := c.Labels[allowLabel]
	if !ok {
		return
	}
	s := source{file: fmt.Sprintf("container %s, label %s", c.Name, allowLabel), line: 1, text: text}
	if f := l.irrelevant(c, text); f != nil {
		s.text = text[:min(len(text), longestText)]
		l.warn(s.problem(word{s.text, 1}, f))
		return
	}
	if problems := s.characters(); len(problems) > 0 {
		l.warn(problems[0])
		return
	}
	whole, start := word{text, 1}, 0
	for piece := range strings.SplitSeq(text, ";") {
		if w := whole.part(start, piece).trimmed(); w.text != "" {
			l.sentence(s, w, c)
		}
		start += len(piece) + 1
	}
}

// misspelt reports labels that look like dockwall's and are none.
func (l *labels) misspelt(c *host.Container) {
	for _, key := range slices.Sorted(maps.Keys(c.Labels)) {
		if key != allowLabel && strings.HasPrefix(key, labelSpace) {
			f := faultf("only "+allowLabel+" means something", "the label %s means nothing", quote(key))
			l.warn(source{file: "container " + c.Name}.problem(word{}, f))
		}
	}
}

// irrelevant says why a container's label is not looked at.
func (l *labels) irrelevant(c *host.Container, text string) *fault {
	switch {
	case l.policy.Labels == nil:
		return faultf("to change that, write labels: {within: office} into the policy",
			"the policy lets no label open anything")
	case c.HostNetwork:
		return faultf("", "the container uses the host's network, which the policy leaves alone: its label opens nothing")
	case c.SharesNetwork != "":
		return faultf("put the label on the container whose network it is",
			"the container has joined another's network: its label opens nothing")
	case len(text) > longestText:
		return faultf("", "the label is longer than %d characters and opens nothing", longestText)
	case strings.Trim(text, "; \t") == "":
		return faultf("write for example 80,443/tcp from office", "the label is empty")
	}
	return nil
}

func (l *labels) sentence(s source, w word, c *host.Container) {
	p := newSentence(s, w.column, w.text)
	p.label = true
	r := p.rule()
	for _, peer := range slices.Concat(r.From.Items, r.From.Except) {
		if peer.Set != "" && l.policy.Sets[peer.Set] == nil {
			p.fail(word{peer.Set, peer.Position.Column}, unknownSet(peer.Set, l.policy.Sets))
		}
	}
	if len(p.problems) > 0 {
		l.warn(p.problems...)
		return
	}
	r.Label, r.Within = c.ID, l.policy.Labels.Within
	if f := l.cut(r); f != nil {
		l.warn(s.problem(w, f))
	}
	l.rules = append(l.rules, r)
}

// cut says how far a label asks for more than it gets.
func (l *labels) cut(r Rule) *fault {
	var b netipx.IPSetBuilder
	b.AddSet(l.policy.Addresses(sourcesOrAll(r.From)))
	b.RemoveSet(l.policy.Addresses(r.From.Except))
	asked, _ := b.IPSet()
	b.RemoveSet(l.within)
	more, _ := b.IPSet()
	hint := "write `from " + joinPeers(l.policy.Labels.Within) + "` or a part of it"
	switch {
	case len(more.Ranges()) == 0:
		return nil
	case more.Equal(asked):
		return faultf(hint, "the sentence lies outside of labels.within and opens nothing")
	}
	return faultf(hint, "the sentence asks for more than labels.within and is cut down to it")
}

func sourcesOrAll(p Peers) []Peer {
	if len(p.Items) == 0 {
		return everyAddress()
	}
	return p.Items
}

// warn adds problems as warnings.
func (l *labels) warn(problems ...Problem) {
	for _, p := range problems {
		p.Warning = true
		l.problems = append(l.problems, p)
	}
}
