package story

import (
	"fmt"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/walk"
	"github.com/dockwall/dockwall/internal/whose"
)

// lines are a way's steps, in order; those that did not matter are marked.
func (s Scene) lines(q walk.Question, way *walk.Way) []Line {
	var lines []Line
	var nat *netfilter.Rule // the last rule that translates
	for i := range way.Steps {
		step := &way.Steps[i]
		switch step.Kind {
		case walk.RulePassed:
			lines = append(lines, ruleLine(step, way, true))
		case walk.RuleMatched:
			if translates(step.Rule) {
				nat = step.Rule
			}
			lines = append(lines, ruleLine(step, way, !matters(step, way)))
		case walk.PolicyApplied:
			lines = append(lines, policyLine(step))
		case walk.Conntrack:
			lines = append(lines, Line{Hook: "conntrack", What: clean(step.Text), Detail: ordinary(step.Text)})
		case walk.Translated:
			lines = append(lines, s.natLine(step, nat))
		case walk.Routed:
			lines = append(lines, s.routeLine(step, way))
		default:
			lines = append(lines, Line{Hook: step.Hook.String(), What: clean(step.Text)})
		}
	}
	return lines
}

// ordinary is what conntrack says of most packets.
func ordinary(text string) bool {
	return !strings.Contains(text, "invalid") && !strings.Contains(text, "untracked") && !strings.Contains(text, "not tracked")
}

func ruleLine(step *walk.Step, way *walk.Way, detail bool) Line {
	l := Line{Hook: step.Hook.String(), Place: placeOf(step.Rule), What: shown(step.Rule.Text), Detail: detail}
	if step.Kind == walk.RulePassed {
		l.Who = "does not match"
		return l
	}
	if ref, ok := stepRef(step, way); ok {
		l.What, l.Who = shown(withoutComment(step.Rule)), ref
		return l
	}
	l.Who = whose.Chain(step.Chain)
	return l
}

func policyLine(step *walk.Step) Line {
	return Line{Hook: step.Hook.String(), Place: chainName(step.Chain) + " policy", What: strings.ToUpper(clean(step.Text)),
		Who: whose.Chain(step.Chain), Detail: step.Text == "accept"}
}

// matters tells whether people want to see a rule that matched: it decided something, changed the packet, or comes from
// the policy. Jumps, returns and logs lead nowhere by themselves, but a return among NAT rules leaves the packet as it is.
func matters(step *walk.Step, way *walk.Way) bool {
	if _, ok := stepRef(step, way); ok {
		return true
	}
	if translates(step.Rule) {
		return false // the translation is told
	}
	for _, word := range []string{"accept", "drop", "reject", "queue", "stolen"} {
		if strings.HasPrefix(step.Text, word) {
			return true
		}
	}
	return marks(step.Rule) || step.Text == "return" && step.Chain.Table.Name == "nat" && conditional(step.Rule)
}

// translates tells whether a rule has a NAT action.
func translates(r *netfilter.Rule) bool {
	for _, step := range r.Steps {
		if _, ok := step.(netfilter.NAT); ok {
			return true
		}
	}
	return false
}

// marks tells whether a rule changes what later rules or routes see.
func marks(r *netfilter.Rule) bool {
	for _, step := range r.Steps {
		switch a := step.(type) {
		case netfilter.NoTrack:
			return true
		case netfilter.SetField:
			return a.Field == netfilter.Mark || a.Field == netfilter.ConntrackMark
		}
	}
	return false
}

func conditional(r *netfilter.Rule) bool {
	if len(r.Steps) == 0 {
		return false
	}
	_, matches := r.Steps[0].(netfilter.Match)
	return matches
}

// natLine tells a translation: of the destination as the client sees it, "8123 → 172.17.0.2:8123".
func (s Scene) natLine(step *walk.Step, rule *netfilter.Rule) Line {
	l := Line{Hook: step.Hook.String(), What: translation(step.Before, step.After)}
	if step.Rule != nil {
		rule = step.Rule
	}
	if step.Rule == nil && (rule == nil || step.Chain != nil && rule.Chain != step.Chain) {
		l.Place, l.Who = "conntrack", "as its conversation's first packet"
		return l
	}
	l.Place = placeOf(rule)
	l.Who = whose.Chain(rule.Chain)
	if ref, ok := policyRef(rule.Comment); ok {
		l.Who = ref
	}
	if c := s.containerAt(step.After.Destination); c != "" && step.Before.Destination != step.After.Destination {
		l.Who = strings.TrimPrefix(l.Who+", "+c, ", ")
	}
	return l
}

func translation(before, after *netfilter.Packet) string {
	var parts []string
	if before.Destination != after.Destination || before.DestinationPort != after.DestinationPort {
		old := endpoint(before.Destination, before.DestinationPort, before)
		if before.HasPorts() {
			old = fmt.Sprint(before.DestinationPort)
		}
		parts = append(parts, old+" → "+endpoint(after.Destination, after.DestinationPort, after))
	}
	if before.Source != after.Source || before.SourcePort != after.SourcePort {
		parts = append(parts, fmt.Sprintf("from %s → from %s", endpoint(before.Source, before.SourcePort, before),
			endpoint(after.Source, after.SourcePort, after)))
	}
	if len(parts) == 0 {
		return "unchanged"
	}
	return strings.Join(parts, ", ")
}

// routeLine tells where a packet is sent: to this host, to a container, or on.
func (s Scene) routeLine(step *walk.Step, way *walk.Way) Line {
	l := Line{Hook: "routing", What: clean(step.Text)}
	in, out := step.After.In, step.Out
	switch {
	case way.End.Kind == walk.NoRoute && step.Out == "":
	case out == "" || in != "" && s.isOwn(step.After.Destination):
		l.What = "to this host: input"
	case in == "" && (out == "lo" || s.isOwn(step.After.Destination)):
		l.What = "to this host itself, over lo"
	case in == "":
		l.What = "out by " + out
	default:
		l.What = fmt.Sprintf("%sforward, %s → %s", s.whither(in, out, step), in, out)
	}
	return l
}

func (s Scene) whither(in, out string, step *walk.Step) string {
	switch {
	case s.isBridge(out):
		return "to a container: "
	case s.isBridge(in):
		return "out of a container: "
	}
	return ""
}
