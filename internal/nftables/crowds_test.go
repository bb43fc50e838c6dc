package nftables

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/policy"
)

// crowded is a gate with so many ports from 10000 on, each allowed to a prefix of its own in both families, and with
// 8080 and 8081 allowed to one prefix each of the same length, which for 8080 is the client's.
func crowded(n int) *gate.Gate {
	g := &gate.Gate{Bridges: []string{"docker0"}, IPv4: closed(), IPv6: closed()}
	own := func(port int, prefix string) gate.Segment {
		sentence := fmt.Sprintf("allow %d/tcp from %s", port, prefix)
		return tcp(uint16(port), uint16(port), chainOf(line(port, sentence, addresses(prefix, prefix))))
	}
	g.IPv4.Ingress.Segments = []gate.Segment{own(8080, "192.168.0.0/26"), own(8081, "192.168.0.64/26")}
	g.IPv6.Ingress.Segments = []gate.Segment{own(8080, "fd00:1::/122"), own(8081, "fd00:1::40/122")}
	for i := range n {
		g.IPv4.Ingress.Segments = append(g.IPv4.Ingress.Segments, own(10000+i, fmt.Sprintf("10.%d.%d.64/26", i>>8, i&255)))
		g.IPv6.Ingress.Segments = append(g.IPv6.Ingress.Segments, own(10000+i, fmt.Sprintf("fd00:2:%x::/122", i)))
	}
	return g
}

func TestCrowdIsOneSet(t *testing.T) {
	text, err := newBackend().Render(crowded(crowd), time.Time{})
	must(t, err)
	for _, want := range []string{
		"meta l4proto tcp ct original ip saddr & 255.255.255.192 . ct original proto-dst @ingress4_tcp_from26 accept\n",
		"meta l4proto tcp ct original ip6 saddr & ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffc0 . ct original proto-dst " +
			"@ingress6_tcp_from122 accept\n",
		"\t\t\t192.168.0.0 . 8080 counter comment \"policy.yaml:8080 allow 8080/tcp from 192.168.0.0/26 #",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %s", want)
		}
	}
	if strings.Contains(text, "chain ingress4_tcp_") {
		t.Error("a port has a chain of its own")
	}
}

// What is in no crowd, or says more than one prefix, keeps its chain.
func TestOthersKeepTheirChains(t *testing.T) {
	g := crowded(crowd + 10)
	s := g.IPv4.Ingress.Segments
	s[2].Chain.Lines[0].Log = true
	s[3].Chain.Lines[0].Client = addresses("two", "10.0.0.0/8", "192.168.0.0/16")
	s[4].Chain.Lines[0].Client = gate.AddressSet{}
	s[5].Chain.Lines[0].Action = policy.Deny
	s[6].Chain = s[7].Chain
	s[8].Chain.Lines = append(s[8].Chain.Lines, s[9].Chain.Lines...)
	s[len(s)-1].Last++
	text, err := newBackend().Render(g, time.Time{})
	must(t, err)
	for _, i := range []int{2, 3, 4, 5, 6, 8, len(s) - 1} {
		if !strings.Contains(text, fmt.Sprintf("chain ingress4_tcp_%d {", s[i].First)) {
			t.Errorf("the port %d has no chain", s[i].First)
		}
	}
	if got := strings.Count(text, "chain ingress4_tcp_"); got != 7 {
		t.Errorf("%d ports have chains, want 7", got)
	}
}

func TestCrowdsComeAndGo(t *testing.T) {
	h := newMachine(t)
	denied := crowded(crowd)
	c := denied.IPv4.Ingress.Segments[5].Chain
	c.Lines = append([]gate.Line{line(1, "deny from 10.0.3.66", addresses("bad", "10.0.3.66"))}, c.Lines...)
	withOther := crowded(crowd)
	withOther.IPv4.Ingress.Other = chainOf(line(2, "allow from 10.6.6.6", addresses("other", "10.6.6.6")))
	few, many := crowded(crowd-3), crowded(crowd)
	for i, g := range []*gate.Gate{few, many, crowded(crowd + 1), denied, withOther, few} {
		h.apply(g)
		fresh := newMachine(t)
		fresh.apply(g)
		if diff := cmp.Diff(fresh.wording(), h.wording()); diff != "" {
			t.Fatalf("gate %d: the edited table differs (-fresh +edited):\n%s", i, diff)
		}
		if got, want := lineTexts(h), lineTexts(fresh); !cmp.Equal(got, want) {
			t.Errorf("gate %d: lines (-fresh +edited):\n%s", i, cmp.Diff(want, got))
		}
	}
}

// Whether a port's rule is an element or a chain does not show in what is in force.
func TestLinesOfCrowds(t *testing.T) {
	few, many := newMachine(t), newMachine(t)
	few.apply(crowded(crowd - 3))
	many.apply(crowded(crowd))
	got := lineTexts(many)
	for l := range lineTexts(few) {
		if !got[l] {
			t.Errorf("the crowd lacks the line %s", l)
		}
	}
	if len(got) != len(lineTexts(few))+2*3 {
		t.Errorf("%d lines with a crowd, %d without", len(got), len(lineTexts(few)))
	}
}

func lineTexts(h *machine) map[string]bool {
	out := map[string]bool{}
	for _, l := range h.read().Lines {
		out[lineText(l)] = true
	}
	return out
}

func TestCrowdJudges(t *testing.T) {
	for _, p := range plans {
		t.Run(p.family, func(t *testing.T) {
			s := newStreet(t)
			serve(t, s.container, p.container, 80)
			serve(t, s.container, p.container, 8081)
			g := crowded(crowd)
			everyone := chainOf(line(2, "allow from any", gate.AddressSet{}))
			for _, other := range []*gate.Chain{nil, everyone} {
				g.IPv4.Ingress.Other, g.IPv6.Ingress.Other = other, other
				s.b = newBackend() // which has not seen this gate
				s.apply(g)
				if err := s.reach(s.client, "tcp", p.client, p.host, 8080); err != nil {
					t.Errorf("the client is refused: %v", err)
				}
				if s.reach(s.client, "tcp", p.stranger, p.host, 8080) == nil {
					t.Error("a stranger is let in")
				}
				if s.reach(s.client, "tcp", p.client, p.container, 8081) == nil {
					t.Error("the client is let in at another's port")
				}
				if err := s.reach(s.client, "tcp", p.stranger, p.container, 8081); err != nil {
					t.Errorf("the stranger is refused at its own port: %v", err)
				}
				open := s.reach(s.client, "tcp", p.client, p.container, 80) == nil
				if open != (other != nil) {
					t.Errorf("a port of no rule is open: %v", open)
				}
			}
		})
	}
}
