package reach

import (
	"slices"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/netfiltertest"
	"github.com/dockwall/dockwall/internal/walk"
	"pgregory.net/rapid"
)

// TestJudgementsHoldForWalks draws hosts and packets: no walk matches a dead rule, and without the dead rules every walk
// ends as before.
func TestJudgementsHoldForWalks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := netfiltertest.Machine(t)
		f := rapid.SampledFrom([]netfilter.Family{netfilter.IPv4, netfilter.IPv6}).Draw(t, "of")
		dead := judged(m, f)
		before := walk.New(m)
		without := walk.New(less(m, dead))
		for range 6 {
			q := walk.Question{Packet: netfiltertest.Packet(t, f, rapid.SampledFrom([]string{"eno1", "docker0", ""}).Draw(t, "in"))}
			was, is := before.Follow(q), without.Follow(q)
			for _, w := range was.Ways {
				for _, s := range w.Steps {
					if s.Kind == walk.RuleMatched && slices.Contains(dead, s.Rule) {
						t.Fatalf("%v is called dead, and matches %+v\n%s", s.Rule, q.Packet, rulesText(m.Rules))
					}
				}
			}
			if a, b := endings(was), endings(is); !slices.Equal(a, b) {
				t.Fatalf("%+v: without dead %v: %v, before %v\n%s", q.Packet, dead, b, a, rulesText(m.Rules))
			}
		}
	})
}

func judged(m *netfilter.Machine, f netfilter.Family) (dead []*netfilter.Rule) {
	a := New(m)
	for _, table := range m.Rules.Tables {
		if !table.Family.Sees(f) {
			continue
		}
		for _, c := range table.Chains {
			for _, j := range a.Judge(c, f) {
				if j.Dead {
					dead = append(dead, j.Rule)
				}
			}
		}
	}
	return dead
}

// less is a machine without some rules. The others keep their chains, by name.
func less(m *netfilter.Machine, gone []*netfilter.Rule) *netfilter.Machine {
	copied := *m
	copied.Rules = &netfilter.Ruleset{}
	for _, table := range m.Rules.Tables {
		to := &netfilter.Table{Origin: table.Origin, Family: table.Family, Name: table.Name}
		for _, c := range table.Chains {
			chain := &netfilter.Chain{Table: to, Name: c.Name, Base: c.Base}
			for _, r := range c.Rules {
				if !slices.Contains(gone, r) {
					rule := *r
					rule.Chain = chain
					chain.Rules = append(chain.Rules, &rule)
				}
			}
			to.Chains = append(to.Chains, chain)
		}
		copied.Rules.Tables = append(copied.Rules.Tables, to)
	}
	return &copied
}

// endings are how a trace's ways end, without who ended them.
func endings(t *walk.Trace) []string {
	var list []string
	for _, w := range t.Ways {
		w.End.Rule, w.End.Chain = nil, nil
		list = append(list, wayText(w))
	}
	return distinct(list)
}

func steps(match ...netfilter.Step) *netfilter.Rule { return &netfilter.Rule{Steps: match} }

func source(prefix string) netfilter.Step {
	return netfilter.Test{Field: netfilter.SourceAddress, Mask: netfilter.AllOnes, Values: netfilter.OfPrefix(mustPrefix(prefix))}
}

func verdict(k netfilter.VerdictKind) netfilter.Step { return netfilter.Verdict{Kind: k} }

func TestJudge(t *testing.T) {
	table := &netfilter.Table{Family: netfilter.IPv4, Name: "filter"}
	c := &netfilter.Chain{Table: table, Name: "DOCKER-USER", Rules: []*netfilter.Rule{
		steps(source("10.0.0.0/9"), verdict(netfilter.Drop)),
		steps(source("10.128.0.0/9"), verdict(netfilter.Drop)),
		steps(source("10.1.2.0/24"), verdict(netfilter.Accept)),                                      // dead, by the first
		steps(source("10.0.0.0/8"), verdict(netfilter.Accept)),                                       // dead, by both
		steps(source("192.168.1.0/24"), verdict(netfilter.Drop)),                                     //
		steps(source("192.168.0.0/16"), verdict(netfilter.Drop)),                                     //
		steps(source("10.0.0.0/8"), source("192.168.0.0/16"), verdict(netfilter.Drop)),               // dead: no packet
		steps(source("172.16.0.0/12"), verdict(netfilter.Return)),                                    //
		steps(netfilter.Undecided{Text: "limit"}, source("8.0.0.0/8"), verdict(netfilter.Drop)),      // not known
		steps(netfilter.Undecided{Text: "limit"}, source("192.168.2.0/24"), verdict(netfilter.Drop)), // dead, whatever the rate is
		steps(source("8.8.0.0/16"), verdict(netfilter.Drop)),
	}}
	table.Chains = []*netfilter.Chain{c}
	for i, r := range c.Rules {
		r.Chain, r.Number = c, i+1
	}
	want := []Judgement{
		{}, {}, {Dead: true, By: c.Rules[:1]}, {Dead: true, By: c.Rules[:2]}, {}, {},
		{Dead: true}, {}, {}, {Dead: true, By: c.Rules[5:6]}, {},
	}
	for i, got := range New(&netfilter.Machine{Rules: &netfilter.Ruleset{Tables: []*netfilter.Table{table}}}).Judge(c, netfilter.IPv4) {
		if got.Rule != c.Rules[i] || got.Dead != want[i].Dead || !slices.Equal(got.By, want[i].By) {
			t.Errorf("rule %d: %+v, want %+v", i+1, got, want[i])
		}
	}
}
