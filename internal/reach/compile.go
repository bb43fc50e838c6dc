package reach

import (
	"maps"
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// chain is a netfilter.Chain made ready for one family.
type chain struct {
	*netfilter.Chain
	rules []*rule
	// candidates are, by a field and its only value, the rules that can match packets with it: in chains of thousands of
	// rules most are about other ports.
	candidates map[candidateKey][]*rule
	fields     []netfilter.Field // that guards are about, the most frequent first
	asked      []netfilter.Field // that plain rules ask
	bulks      map[layout]*bulk
}

type candidateKey struct {
	field netfilter.Field
	value netfilter.Number
}

// rule is a netfilter.Rule made ready.
type rule struct {
	*netfilter.Rule
	guards []guard
	names  []netfilter.InterfaceTest
	steps  []step
	plain  *plainRule // nil: it is none
	box    int32      // its number among the plain rules of its chain
}

// guard is a span of numbers outside of which no packet's field may be that matches the rule.
type guard struct {
	field       netfilter.Field
	first, last netfilter.Number
}

// step is a matcher, or the action as the model has it.
type step struct {
	match  matcher
	action netfilter.Action
	built  map[lookupKey]verdicts // of a VerdictMap or a NAT map
}

func (p *plan) compile(c *netfilter.Chain) *chain {
	if ready := p.chains[c]; ready != nil {
		return ready
	}
	ready := &chain{Chain: c, candidates: map[candidateKey][]*rule{}, bulks: map[layout]*bulk{}}
	p.chains[c] = ready
	for _, r := range c.Rules {
		ready.rules = append(ready.rules, p.compileRule(r))
	}
	ready.fields = frequent(ready.rules)
	ready.notePlain(p)
	return ready
}

// notePlain finds the plain rules of a chain where there may be a long run of them.
func (c *chain) notePlain(p *plan) {
	if len(c.rules) < p.longRun {
		return
	}
	asked, boxes := map[netfilter.Field]bool{netfilter.Protocol: true}, int32(0)
	for _, r := range c.rules {
		if r.plain = p.plainOf(r); r.plain == nil {
			continue
		}
		r.box = boxes
		boxes++
		for _, d := range r.plain.demands {
			asked[d.Field] = true
		}
	}
	c.asked = slices.Sorted(maps.Keys(asked))
}

func (p *plan) compileRule(r *netfilter.Rule) *rule {
	ready := &rule{Rule: r, steps: make([]step, 0, len(r.Steps))}
	acted := false
	for _, s := range r.Steps {
		switch s := s.(type) {
		case netfilter.Match:
			ready.steps = append(ready.steps, step{match: p.compileMatch(s, r.Chain.Table.Origin != netfilter.Native)})
			if !acted {
				p.guard(ready, s)
			}
		case netfilter.Action:
			acted = true
			if _, note := s.(netfilter.Note); !note {
				ready.steps = append(ready.steps, step{action: s, built: map[lookupKey]verdicts{}})
			}
		}
	}
	return ready
}

func (p *plan) compileMatch(m netfilter.Match, xtables bool) matcher {
	switch m := m.(type) {
	case netfilter.Test:
		return &test{Test: m, xtables: xtables}
	case netfilter.InterfaceTest:
		return &names{m}
	case netfilter.Lookup:
		return &lookup{Lookup: m, xtables: xtables, built: map[lookupKey]packetset.Set{}}
	case netfilter.Either:
		e := &either{negate: m.Negate}
		for _, list := range m.Alternatives {
			var ready []matcher
			for _, alternative := range list {
				ready = append(ready, p.compileMatch(alternative, xtables))
			}
			e.alternatives = append(e.alternatives, ready)
		}
		return e
	case netfilter.Undecided:
		return &unknown{m}
	}
	return &unknown{netfilter.Undecided{Text: "a match", Reason: "it is of a kind that is not known here"}}
}

// guard notes what a match before a rule's first action asks of every packet.
func (p *plan) guard(r *rule, m netfilter.Match) {
	switch m := m.(type) {
	case netfilter.InterfaceTest:
		if !p.free && (m.Field == netfilter.InInterface || m.Field == netfilter.OutInterface) {
			r.names = append(r.names, m)
		}
	case netfilter.Test:
		if m.Negate || p.written[m.Field] || len(m.Values) == 0 || isDerived(m.Field) || isTuplePort(m.Field) && m.Values.Contains(netfilter.Number{}) {
			return
		}
		if open := m.Mask.Not().And(netfilter.LowBits(max(p.space.Bits(m.Field), 1))); open.And(open.Next()) == (netfilter.Number{}) {
			r.guards = append(r.guards, guard{m.Field, m.Values[0].First, m.Values[len(m.Values)-1].Last.Or(open)})
		}
	}
}

func isDerived(f netfilter.Field) bool {
	return f >= netfilter.SourceType || f == netfilter.PacketType
}

// frequent are the fields of guards, the most frequent first.
func frequent(rules []*rule) []netfilter.Field {
	count := map[netfilter.Field]int{}
	for _, r := range rules {
		for _, g := range r.guards {
			count[g.field]++
		}
	}
	return sortedByCount(count)
}
