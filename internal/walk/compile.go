package walk

import (
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// compiler makes chains ready.
type compiler struct {
	ready map[*netfilter.Chain]*chain
	all   []*chain
}

// bases are the base chains that IP packets meet, the one that runs first among equals first.
func (c *compiler) bases(rules *netfilter.Ruleset) []*chain {
	if rules == nil {
		return nil
	}
	var bases []*chain
	for _, t := range registered(rules.Tables) {
		for _, source := range t.Chains {
			ready := c.chain(source)
			if source.Base != nil && !t.Dormant && source.Base.Hook <= netfilter.Postrouting && source.Base.Hook != netfilter.Ingress {
				bases = append(bases, ready)
			}
		}
	}
	slices.Reverse(bases)
	return bases
}

// registered are the tables in the order in which they are taken to have been registered.
func registered(tables []*netfilter.Table) []*netfilter.Table {
	legacy := func(t *netfilter.Table) int {
		if t.Origin == netfilter.XtablesLegacy {
			return 0
		}
		return 1
	}
	return slices.SortedStableFunc(slices.Values(tables), func(a, b *netfilter.Table) int { return legacy(a) - legacy(b) })
}

func (c *compiler) chain(source *netfilter.Chain) *chain {
	if ready := c.ready[source]; ready != nil {
		return ready
	}
	ready := &chain{source: source, id: len(c.all), rules: make([]rule, 0, len(source.Rules))}
	c.ready[source] = ready
	c.all = append(c.all, ready)
	for _, r := range source.Rules {
		ready.rules = append(ready.rules, c.rule(source.Table, r))
	}
	return ready
}

// rule sorts a rule's steps into parts. Notes have no part in where the packet goes, and are left out.
func (c *compiler) rule(t *netfilter.Table, source *netfilter.Rule) rule {
	r := rule{source: source, xtables: t.Origin != netfilter.Native}
	var matches []netfilter.Match
	for _, s := range source.Steps {
		switch s := s.(type) {
		case netfilter.Match:
			matches = append(matches, s)
		case netfilter.Note, netfilter.AddToSet:
		case netfilter.Action:
			r.parts = append(r.parts, c.part(t, matches, s))
			r.verdicts, matches = true, nil
		}
	}
	if matches != nil || r.parts == nil {
		r.parts = append(r.parts, part{matches: matches, conds: condsOf(matches)})
	}
	return r
}

func (c *compiler) part(t *netfilter.Table, matches []netfilter.Match, action netfilter.Action) part {
	p := part{matches: matches, conds: condsOf(matches), action: action}
	switch a := action.(type) {
	case netfilter.Verdict:
		p.target = c.target(t, &a)
	case netfilter.VerdictMap:
		p.targets = map[string]*chain{}
		for i := range a.Set.Elements {
			if v := a.Set.Elements[i].Verdict; v != nil {
				p.targets[v.Chain] = c.target(t, v)
			}
		}
	}
	return p
}

func condsOf(matches []netfilter.Match) []cond {
	conds := make([]cond, 0, len(matches))
	for _, m := range matches {
		conds = append(conds, condOf(m))
	}
	return conds
}

func condOf(m netfilter.Match) cond {
	switch m := m.(type) {
	case netfilter.Test:
		return cond{test: &m}
	case netfilter.InterfaceTest:
		return cond{names: &m}
	case netfilter.Lookup:
		return cond{lookup: &m}
	case netfilter.Either:
		c := cond{either: make([][]cond, 0, len(m.Alternatives)), negate: m.Negate}
		for _, all := range m.Alternatives {
			c.either = append(c.either, condsOf(all))
		}
		return c
	}
	return cond{}
}

func (c *compiler) target(t *netfilter.Table, v *netfilter.Verdict) *chain {
	if v.Kind != netfilter.Jump && v.Kind != netfilter.Goto {
		return nil
	}
	if source := t.Chain(v.Chain); source != nil {
		return c.chain(source)
	}
	return nil
}

// markLoops finds the chains that can lead back to themselves, or to such a chain's loop.
func (c *compiler) markLoops() {
	const fresh, open, done = 0, 1, 2
	state := make([]int, len(c.all))
	var visit func(*chain) bool
	visit = func(at *chain) bool {
		if state[at.id] == open {
			return true
		}
		if state[at.id] == fresh {
			state[at.id] = open
			at.leads(func(to *chain) { at.loops = visit(to) || at.loops })
			state[at.id] = done
		}
		return at.loops
	}
	for _, at := range c.all {
		visit(at)
	}
}

// leads calls f for each chain that the chain's rules lead to.
func (c *chain) leads(f func(*chain)) {
	for i := range c.rules {
		for _, p := range c.rules[i].parts {
			if p.target != nil {
				f(p.target)
			}
			for _, to := range p.targets {
				if to != nil {
					f(to)
				}
			}
		}
	}
}

// usesConntrack tells whether conntrack is switched on for a family: by a rule that asks it or translates
// (nf_ct_netns_get). A nat chain alone does not do it, and without conntrack the kernel does not run nat chains.
func usesConntrack(rules *netfilter.Ruleset, family netfilter.Family) bool {
	asks := func(s netfilter.Step) bool { return asksConntrack(s, family) }
	for _, t := range rules.Tables {
		if !t.Family.Sees(family) {
			continue
		}
		for _, c := range t.Chains {
			if slices.ContainsFunc(c.Rules, func(r *netfilter.Rule) bool { return slices.ContainsFunc(r.Steps, asks) }) {
				return true
			}
		}
	}
	return false
}

func asksConntrack(s netfilter.Step, family netfilter.Family) bool {
	inConntrack := func(u netfilter.FieldUse) bool { return ofConntrack(u.Field) }
	switch s := s.(type) {
	case netfilter.Test:
		return ofConntrack(s.Field)
	case netfilter.Lookup:
		return slices.ContainsFunc(s.Fields, inConntrack)
	case netfilter.VerdictMap:
		return slices.ContainsFunc(s.Fields, inConntrack)
	case netfilter.Either:
		return slices.ContainsFunc(s.Alternatives, func(all []netfilter.Match) bool {
			return slices.ContainsFunc(all, func(m netfilter.Match) bool { return asksConntrack(m, family) })
		})
	case netfilter.SetField:
		return ofConntrack(s.Field) || ofConntrack(s.From)
	case netfilter.NAT:
		return translates(&s, family)
	case netfilter.Undecided:
		return slices.ContainsFunc(conntrackWords, func(word string) bool { return strings.Contains(s.Text, word) })
	}
	return false
}

// translates tells whether a NAT is one of the family: inet's are of that of their addresses (nft_nat_init).
func translates(a *netfilter.NAT, family netfilter.Family) bool {
	first := a.First
	if a.Map != nil && len(a.Map.Elements) > 0 && a.Map.Elements[0].Target != nil {
		first = a.Map.Elements[0].Target.First
	}
	return !first.IsValid() || first.Is4() == (family == netfilter.IPv4)
}

// conntrackWords are in the texts of matches that need conntrack, and are not followed.
var conntrackWords = []string{"connlimit", "connbytes", "connlabel", "helper", "ct "}

func ofConntrack(f netfilter.Field) bool {
	return f >= netfilter.ConntrackMark && f <= netfilter.ReplyDestinationPort
}
