package verify

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netlab"
	"github.com/dockwall/dockwall/internal/packetset"
	"github.com/dockwall/dockwall/internal/reach"
	"github.com/dockwall/dockwall/internal/walk"
)

// without is a machine that lacks one rule of a chain.
func without(m *netfilter.Machine, chain *netfilter.Chain, number int) *netfilter.Machine {
	changed, rules := *m, *m.Rules
	changed.Rules, rules.Tables = &rules, nil
	for _, t := range m.Rules.Tables {
		if t == chain.Table {
			t = &netfilter.Table{Origin: t.Origin, Family: t.Family, Name: t.Name, Sets: t.Sets}
			for _, c := range chain.Table.Chains {
				copied := &netfilter.Chain{Table: t, Name: c.Name, Base: c.Base}
				for i, r := range c.Rules {
					if c != chain || i != number {
						one := *r
						one.Chain = copied
						copied.Rules = append(copied.Rules, &one)
					}
				}
				t.Chains = append(t.Chains, copied)
			}
		}
		rules.Tables = append(rules.Tables, t)
	}
	return &changed
}

// TestMutationsAreFound: in what is installed, one rule less is found, wherever it changes the fate of a packet that
// package walk is asked about: whatever walk lets through and the policy refuses, Check finds to be wrong, too.
func TestMutationsAreFound(t *testing.T) {
	netlab.Need(t)
	few(t, 10)
	found, harmless := 0, 0
	for name, b := range backends() {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p, h := drawn(t)
				i := install(t, p, h, b)
				for _, c := range ownChains(i.machine) {
					number := rapid.IntRange(0, len(c.Rules)-1).Draw(t, "rule")
					mutant := i
					mutant.machine = without(i.machine, c, number)
					result, err := Check(t.Context(), p, h, mutant.machine)
					if err != nil {
						t.Fatal(err)
					}
					if !result.Proven() {
						found++
						confirm(t, mutant, result)
						continue
					}
					harmless++
					if packet, differs := mutant.differs(); differs {
						t.Fatalf("without %s (%s) the policy refuses %+v, and it comes through; verify did not find it",
							c.Rules[number], c.Rules[number].Text, packet)
					}
				}
			})
		})
	}
	t.Logf("%d mutants were found, %d proven harmless", found, harmless)
	if found == 0 {
		t.Error("no mutant was found: the test shows nothing")
	}
}

// ownChains are some of dockwall's chains that have rules: enough of them, and not all, to be done some day.
func ownChains(m *netfilter.Machine) []*netfilter.Chain {
	const most = 4
	var own []*netfilter.Chain
	for _, t := range m.Rules.Tables {
		for _, c := range t.Chains {
			if IsDockwalls(c) && len(c.Rules) > 0 {
				own = append(own, c)
			}
		}
	}
	if len(own) > most {
		step := len(own) / most
		own = slices.DeleteFunc(own, func(c *netfilter.Chain) bool { return slices.Index(own, c)%step != 0 })
	}
	return own
}

// confirm follows the packets that Check shows: package walk must agree that they come through, or are refused.
func confirm(t *rapid.T, i installed, r *Result) {
	for _, w := range r.Wrong {
		if w.Possibly || w.Fault == Unclear {
			continue
		}
		moment := map[reach.Moment]walk.Moment{reach.First: walk.First, reach.Later: walk.Later, reach.Answer: walk.Answer}[w.Moment]
		trace := walk.New(i.machine).Follow(walk.Question{Packet: w.Packet, Moment: moment, Assume: w.Moment != reach.First})
		if len(trace.Ways) != 1 {
			continue
		}
		if passes := trace.Ways[0].End.Passes(); passes != (w.Fault == Reaches) {
			t.Fatalf("%s: walk says that it passes: %v", told(w), passes)
		}
	}
}

// differs looks with package walk for a packet that comes through although the policy refuses it: one of each target.
func (i installed) differs() (netfilter.Packet, bool) {
	walker := walk.New(i.machine)
	for _, f := range []netfilter.Family{netfilter.IPv4, netfilter.IPv6} {
		s := packetset.NewSpace(f)
		m := NewMeaning(s, i.policy, i.host)
		refused := m.Ingress("eno1").Refused().And(Beginning(s)).Minus(m.deaf())
		for _, t := range m.targets.alone {
			p, some := refused.And(t.set).Example()
			if !some {
				continue
			}
			p.In = "eno1"
			for _, way := range walker.Follow(walk.Question{Packet: p}).Ways {
				if way.End.Kind == walk.Forwarded && slices.Contains(i.host.Bridges(), way.End.Out) {
					return p, true
				}
			}
		}
	}
	return netfilter.Packet{}, false
}
