package imports

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/policy"
)

// result writes the policy, reads it again with the policy's own parser, and puts the notes in order.
func (c *conversion) result() (*Result, error) {
	r := &Result{NotCarried: sorted(c.reading.uncarried), Typos: sorted(c.reading.typos)}
	for _, line := range slices.Sorted(maps.Keys(c.became)) {
		r.Remarks = append(r.Remarks, c.reading.note(line, strings.Join(c.became[line], "; ")))
	}
	for _, text := range c.header {
		r.Remarks = append(r.Remarks, Note{Why: visible(text)})
	}
	r.Remarks = sorted(append(r.Remarks, c.reading.remarks...))
	r.Policy = c.write(r)
	if _, problems := policy.Parse("imported policy", []byte(r.Policy)); problems.Err() != nil {
		return nil, fmt.Errorf("the policy made of the chain is not right, which is a fault of dockwall: %w", problems.Err())
	}
	return r, nil
}

// writer makes the text of the policy.
type writer struct{ strings.Builder }

func (w *writer) line(format string, arguments ...any) { fmt.Fprintf(w, format+"\n", arguments...) }

// comment writes text as comment lines behind a prefix that are not too wide.
func (w *writer) comment(prefix, text string) {
	const width = 100
	line := prefix
	for _, word := range strings.Fields(text) {
		if len(line) > len(prefix) && len(line)+len(word) >= width {
			w.line("%s", line)
			line = prefix
		}
		line += " " + word
	}
	w.line("%s", line)
}

func (c *conversion) write(r *Result) string {
	var w writer
	w.comment("#", "Imported from a DOCKER-USER chain. Read it, then try it with `dockwall check` and `dockwall plan`.")
	if !c.world.known {
		w.comment("#", "No Docker host was looked at: each port is taken as published under its own number, and containers "+
			"as on Docker's default bridge, with addresses in "+defaultPool+".")
	}
	w.notes("Not carried over:", r.NotCarried)
	w.notes("Probably not meant:", r.Typos)
	w.notes("Remarks:", r.Remarks)
	w.line("version: 1\n")
	for s, section := range c.sections {
		c.rulesOf(&w, policy.Section(s), section)
	}
	c.setsUsed(&w)
	w.line("defaults: {ingress: %s, egress: %s, refuse: %s}", c.sections[policy.Ingress].standard,
		c.sections[policy.Egress].standard, cmp.Or(c.refuse, "reject"))
	return w.String()
}

// notes writes notes as a comment of their own.
func (w *writer) notes(title string, notes []Note) {
	if len(notes) == 0 {
		return
	}
	w.line("#")
	w.comment("#", title)
	for _, n := range notes {
		if n.Line == 0 {
			w.comment("#  ", n.Why)
			continue
		}
		w.line("#   line %d: %s", n.Line, n.Text)
		w.comment("#     ", n.Why)
	}
}

// rulesOf writes a section's sentences, each under the line that it comes from.
func (c *conversion) rulesOf(w *writer, s policy.Section, section section) {
	unsaid := func(x sentence) bool { return len(x.rules) == 0 }
	section.sentences = slices.DeleteFunc(slices.Clone(section.sentences), unsaid)
	if len(section.sentences) == 0 {
		return
	}
	w.line("%s:", s)
	above := ""
	for _, x := range section.sentences {
		lines := c.lines(x)
		if strings.Join(lines, "\n") != above {
			above = strings.Join(lines, "\n")
			w.comments(lines)
		}
		w.comments(c.differences(x, s))
		for _, r := range x.rules {
			w.line("  - %s", quoted(r.String()))
		}
	}
	w.line("")
}

func (w *writer) comments(lines []string) {
	for _, text := range lines {
		w.line("  # %s", text)
	}
}

// lines are the source lines that a sentence comes from.
func (c *conversion) lines(x sentence) []string {
	if x.entry == nil {
		return []string{"the end of the chain: what no line decides passes"}
	}
	var lines []string
	for _, e := range []*entry{x.entry, x.also} {
		if e == nil {
			continue
		}
		for _, line := range append(slices.Clone(e.via), e.line) {
			if text := fmt.Sprintf("line %d: %s", line, c.reading.source(line)); !slices.Contains(lines, text) {
				lines = append(lines, text)
			}
		}
	}
	return lines
}

// differences are what is to be known about a sentence beside its line.
func (c *conversion) differences(x sentence, s policy.Section) []string {
	var all []string
	if x.cut && x.entry != nil {
		all = append(all, "(cut: lines before it decide the rest)")
	}
	if x.entry != nil {
		all = append(all, x.entry.spec.remarks...)
	}
	unknown := x.entry != nil && !c.world.known && c.world.namesUnknown(x.entry.spec.out)
	if unknown && s == policy.Ingress && x.box.inside.every() {
		all = append(all, "(which network the bridge is of is not known without the host: it holds for all)")
	}
	if x.entry != nil && slices.ContainsFunc(slices.Concat(x.entry.spec.in, x.entry.spec.out), interfaceMatch.outsideNow) {
		all = append(all, "(meant are the interfaces of that name that the host has now)")
	}
	if x.entry != nil && s == policy.Ingress {
		if text := c.renamed(x.entry.spec); text != "" {
			all = append(all, "("+text+")")
		}
	}
	if x.entry != nil && s == policy.Egress && x.entry.section[policy.Ingress].stated {
		all = append(all, "(the line names no direction, so it holds for what containers begin as well)")
	}
	return append(all, x.remarks...)
}

// quoted is a sentence as YAML takes it.
func quoted(sentence string) string {
	if strings.Contains(sentence+" ", ": ") {
		return `"` + sentence + `"`
	}
	return sentence
}

// setsUsed writes the sets that sentences name.
func (c *conversion) setsUsed(w *writer) {
	used := map[string]bool{}
	for _, section := range c.sections {
		for _, x := range section.sentences {
			for _, r := range x.rules {
				for _, p := range slices.Concat(r.From.Items, r.From.Except, r.To.Items, r.To.Except) {
					used[p.Set] = true
				}
			}
		}
	}
	first := true
	for _, s := range c.sets {
		if !used[s.name] {
			continue
		}
		if first {
			w.line("sets:")
		}
		first = false
		w.line("  %s:", s.name)
		for _, r := range s.content.Ranges() {
			w.line("    - %q", policy.Peer{Range: r}.String())
		}
	}
	if !first {
		w.line("")
	}
}
