package reach

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/netfiltertest"
	"github.com/dockwall/dockwall/internal/walk"
	"pgregory.net/rapid"
)

// TestAgreesWithWalk draws hosts and packets, and compares where reach's sets send each packet with where the walk of
// that packet alone ends.
func TestAgreesWithWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { agrees(t, longRun) })
}

// TestRunsOfPlainRulesAgreeWithWalk does the same where every plain rule is decided as one of a run.
func TestRunsOfPlainRulesAgreeWithWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { agrees(t, 1) })
}

func agrees(t *rapid.T, run int) {
	m := netfiltertest.Machine(t)
	f := rapid.SampledFrom([]netfilter.Family{netfilter.IPv4, netfilter.IPv6}).Draw(t, "of")
	in := rapid.SampledFrom([]string{"eno1", "docker0", ""}).Draw(t, "in")
	moment := rapid.SampledFrom([]Moment{First, First, Later, Answer}).Draw(t, "moment")
	a, w := New(m), walk.New(m)
	a.plan(f).longRun = run
	flows := a.Arriving(in, f, a.Space(f).All(), moment)
	for range 8 {
		q := walk.Question{Packet: netfiltertest.Packet(t, f, in), Moment: walk.Moment(moment), Assume: true}
		if trace := w.Follow(q); moment != Answer || hasConversation(trace.First) {
			compare(t, m, flows, trace)
		}
	}
}

// hasConversation tells whether conntrack knows of what a first packet began. Answers to others are of no meaning.
func hasConversation(first *walk.Trace) bool {
	return !slices.ContainsFunc(first.Ways, func(w walk.Way) bool { return w.End.Passes() && w.Conversation == nil })
}

// TestTowardsFollowsAllThatGoesThere draws hosts, packets and interfaces: the walks that leave by one of them, or end on
// the host, are all among the flows, and no others.
func TestTowardsFollowsAllThatGoesThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := netfiltertest.Machine(t)
		f := rapid.SampledFrom([]netfilter.Family{netfilter.IPv4, netfilter.IPv6}).Draw(t, "of")
		in := rapid.SampledFrom([]string{"eno1", "docker0"}).Draw(t, "in")
		outs := rapid.SampledFrom([][]string{{"docker0"}, {"eno1"}, {"", "docker0"}, {""}}).Draw(t, "outs")
		a, w := New(m), walk.New(m)
		flows := slices.DeleteFunc(a.Towards(outs, in, f, a.Space(f).All(), First), func(f Flow) bool {
			return !f.Kind.Passes() || !slices.Contains(outs, f.Out)
		})
		for range 8 {
			trace := w.Follow(walk.Question{Packet: netfiltertest.Packet(t, f, in)})
			trace.Ways = slices.DeleteFunc(trace.Ways, func(w walk.Way) bool { return !w.End.Passes() || !slices.Contains(outs, w.End.Out) })
			compare(t, m, flows, trace)
		}
	})
}

func compare(t *rapid.T, m *netfilter.Machine, flows []Flow, trace *walk.Trace) {
	var want, got []string
	for _, way := range trace.Ways {
		want = append(want, wayText(way))
	}
	for _, f := range flows {
		if _, possibly := f.Packets.Contains(trace.Question.Packet); possibly {
			got = append(got, flowText(f, trace))
		}
	}
	want, got = distinct(want), distinct(got)
	if !slices.Equal(want, got) {
		t.Fatalf("%+v\nwalk:  %s\nreach: %s\n%s\n%s", trace.Question, strings.Join(want, "\n       "), strings.Join(got, "\n       "),
			stepsText(trace), rulesText(m.Rules))
	}
}

func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

func wayText(w walk.Way) string {
	e := w.End
	text := fmt.Sprintf("%s by %s", e.Kind, by(e.Chain, e.Rule))
	if e.Passes() {
		text += fmt.Sprintf(" out %q %s:%d → %s:%d", e.Out, e.Packet.Source, e.Packet.SourcePort, e.Packet.Destination, e.Packet.DestinationPort)
	}
	return text
}

func by(c *netfilter.Chain, r *netfilter.Rule) string {
	switch {
	case r != nil:
		return r.String()
	case c != nil:
		return c.Table.Name + " " + c.Name + " policy"
	}
	return "none"
}

func flowText(f Flow, trace *walk.Trace) string {
	text := fmt.Sprintf("%s by %s", f.Kind, by(f.Chain, f.Rule))
	if f.Several {
		text = several(f, trace)
	}
	if f.Kind.Passes() {
		p := translated(f, trace)
		text += fmt.Sprintf(" out %q %s:%d → %s:%d", f.Out, p.Source, p.SourcePort, p.Destination, p.DestinationPort)
	}
	return text
}

// several is the text for one of several rules of a chain: the one that the walk says, if it is of that chain.
func several(f Flow, trace *walk.Trace) string {
	for _, w := range trace.Ways {
		if e := w.End; e.Rule != nil && e.Chain == f.Chain && e.Kind.String() == f.Kind.String() {
			return wayText(w)
		}
	}
	return "one of several rules of " + f.Chain.Name
}

// translated is the packet that a trace set out with, with what a flow says of its addresses.
func translated(f Flow, trace *walk.Trace) netfilter.Packet {
	p := trace.Question.Packet
	if trace.Question.Moment == walk.Answer {
		p.Source, p.Destination, p.SourcePort, p.DestinationPort = p.Destination, p.Source, p.DestinationPort, p.SourcePort
	}
	if f.Source.IsValid() {
		p.Source = f.Source
	}
	if f.Destination.IsValid() {
		p.Destination = f.Destination
	}
	if p.HasPorts() && f.SourcePort != 0 {
		p.SourcePort = f.SourcePort
	}
	if p.HasPorts() && f.DestinationPort != 0 {
		p.DestinationPort = f.DestinationPort
	}
	return p
}

func stepsText(trace *walk.Trace) string {
	var b strings.Builder
	for t := trace; t != nil; t = t.First {
		for _, w := range t.Ways {
			fmt.Fprintf(&b, "way of %v: %+v\n", t.Question.Moment, w.End)
			for _, s := range w.Steps {
				fmt.Fprintf(&b, "  %v %v %s %s %+v\n", s.Kind, s.Hook, by(s.Chain, s.Rule), s.Text, *s.After)
			}
		}
	}
	return b.String()
}
