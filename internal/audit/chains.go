package audit

import (
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/verify"
)

const dockerUser = "DOCKER-USER"

// chains are all chains with a name, in tables with a name, that packets of a family can meet.
func chains(m *netfilter.Machine, f netfilter.Family, table, name string) []*netfilter.Chain {
	var found []*netfilter.Chain
	for _, t := range m.Rules.Tables {
		if t.Name == table && t.Family.Sees(f) {
			if c := t.Chain(name); c != nil {
				found = append(found, c)
			}
		}
	}
	return found
}

// dockersOrigin is the tool that carries Docker's chains; false where none does.
func dockersOrigin(m *netfilter.Machine) (netfilter.Origin, bool) {
	for _, f := range bothFamilies {
		for _, at := range [][2]string{{"nat", "DOCKER"}, {"filter", "DOCKER-FORWARD"}, {"filter", "DOCKER-ISOLATION-STAGE-1"}} {
			for _, c := range chains(m, f, at[0], at[1]) {
				if c.Table.Origin != netfilter.Native {
					return c.Table.Origin, true
				}
			}
		}
	}
	return 0, false
}

var bothFamilies = []netfilter.Family{netfilter.IPv4, netfilter.IPv6}

func familyName(f netfilter.Family) string {
	if f == netfilter.IPv4 {
		return "IPv4"
	}
	return "IPv6"
}

// userChain is the DOCKER-USER that Docker jumps to, nil where there is none.
func userChain(m *netfilter.Machine, f netfilter.Family) *netfilter.Chain {
	origin, _ := dockersOrigin(m)
	for _, c := range chains(m, f, "filter", dockerUser) {
		if c.Table.Origin == origin {
			return c
		}
	}
	return nil
}

// decides tells whether a rule can end a packet's way, or accept it: it is more than a jump, a return or a remark.
func decides(r *netfilter.Rule) bool {
	return slices.ContainsFunc(r.Steps, func(s netfilter.Step) bool {
		switch s := s.(type) {
		case netfilter.Verdict:
			return s.Kind == netfilter.Accept || s.Kind == netfilter.Drop || s.Kind == netfilter.Reject
		case netfilter.VerdictMap, netfilter.Unclear:
			return true
		}
		return false
	})
}

// refuses tells whether a rule drops or rejects.
func refuses(r *netfilter.Rule) bool {
	return slices.ContainsFunc(r.Steps, func(s netfilter.Step) bool {
		v, is := s.(netfilter.Verdict)
		return is && (v.Kind == netfilter.Drop || v.Kind == netfilter.Reject)
	})
}

// reachable are a chain and all chains that its rules lead to.
func reachable(c *netfilter.Chain) []*netfilter.Chain {
	all := []*netfilter.Chain{c}
	for i := 0; i < len(all); i++ {
		for _, r := range all[i].Rules {
			for _, s := range r.Steps {
				v, is := s.(netfilter.Verdict)
				if !is || v.Chain == "" {
					continue
				}
				if next := c.Table.Chain(v.Chain); next != nil && !slices.Contains(all, next) {
					all = append(all, next)
				}
			}
		}
	}
	return all
}

// refusesByHand is refusesAnything of rules that are not dockwall's.
func refusesByHand(c *netfilter.Chain) bool {
	return c != nil && slices.ContainsFunc(reachable(c), func(c *netfilter.Chain) bool {
		return !verify.IsDockwalls(c) && slices.ContainsFunc(c.Rules, refuses)
	})
}

// refusesAnything tells whether a chain, or one that it leads to, has a rule that refuses.
func refusesAnything(c *netfilter.Chain) bool {
	return c != nil && slices.ContainsFunc(reachable(c), func(c *netfilter.Chain) bool { return slices.ContainsFunc(c.Rules, refuses) })
}
