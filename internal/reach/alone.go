package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// interfaceClasses numbers the interfaces that a ruleset tells apart.
type interfaceClasses struct{ names []string }

// other ends the name of an interface that no rule names in full; the kernel allows no slash in names.
const other = "/"

// classesOf are one interface for each name, and one more for each beginning of names and for all others.
func classesOf(rules *netfilter.Ruleset) *interfaceClasses {
	c := &interfaceClasses{names: []string{"", other}}
	seen := map[string]bool{"": true, other: true}
	note := func(n netfilter.InterfaceName) {
		for _, name := range []string{n.Name, n.Name + other} {
			if !seen[name] && (n.Prefix || name == n.Name) {
				seen[name], c.names = true, append(c.names, name)
			}
		}
	}
	for _, t := range rules.Tables {
		for _, chain := range t.Chains {
			for _, r := range chain.Rules {
				eachName(r, note)
			}
		}
	}
	return c
}

func eachName(r *netfilter.Rule, note func(netfilter.InterfaceName)) {
	var matches func([]netfilter.Match)
	matches = func(list []netfilter.Match) {
		for _, m := range list {
			switch m := m.(type) {
			case netfilter.InterfaceTest:
				for _, n := range m.Names {
					note(n)
				}
			case netfilter.Either:
				for _, alternative := range m.Alternatives {
					matches(alternative)
				}
			}
		}
	}
	for _, s := range r.Steps {
		if m, ok := s.(netfilter.Match); ok {
			matches([]netfilter.Match{m})
		}
	}
}

// where are the packets whose interface a test names.
func (c *interfaceClasses) where(s *packetset.Space, t netfilter.InterfaceTest) packetset.Set {
	return s.Where(t.Field, netfilter.AllOnes, c.numbers(t))
}

// numbers are those of the interfaces that a test names.
func (c *interfaceClasses) numbers(t netfilter.InterfaceTest) netfilter.Ranges {
	var fit []uint64
	for i, name := range c.names {
		if fitsAny(t.Names, name) != t.Negate {
			fit = append(fit, uint64(i))
		}
	}
	return numbers(fit...)
}

// freePlan is a plan where every field is a variable by itself.
func freePlan(m *netfilter.Machine, f netfilter.Family) *plan {
	p := &plan{family: f, space: packetset.NewSpace(f), sets: m.Rules.IPSets, places: newPlaces(m, f), free: true,
		chains: map[*netfilter.Chain]*chain{}, built: map[placeKey]packetset.Set{}, written: writtenFields(m.Rules)}
	p.interfaces = classesOf(m.Rules)
	p.ported = p.space.All()
	return p
}

// possible are the numbers of fields of which not every number can come: interfaces that there are, and conntrack's states.
func (p *plan) possible(f netfilter.Field) netfilter.Ranges {
	switch {
	case f == netfilter.ConntrackState:
		return numbers(netfilter.StateInvalid, netfilter.StateEstablished, netfilter.StateRelated, netfilter.StateNew, netfilter.StateUntracked)
	case isInterface(f):
		return netfilter.Between(netfilter.Number{}, netfilter.Small(uint64(len(p.interfaces.names)-1)))
	}
	return nil
}
