package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// Judgement is what can be said of a rule by its chain alone, for whatever packets come into the chain.
type Judgement struct {
	Rule *netfilter.Rule
	// Dead: the rule never matches. By are the earlier rules that take all packets that it would match, in order: one where
	// one would take them all, none if no packet at all matches it.
	Dead bool
	By   []*netfilter.Rule
}

// Judge looks at the rules of one chain. Packets can have any values of all fields in every combination, more than ever
// come together: what is called dead is so on every host, while others may be dead on this one. All dead rules can be
// removed, one by one or together.
func (a *Analysis) Judge(c *netfilter.Chain, f netfilter.Family) []Judgement {
	if a.alone[f] == nil {
		a.alone[f] = freePlan(a.machine, f)
	}
	j := judging{plan: a.alone[f], chain: a.alone[f].compile(c), header: &header{}, met: map[*rule]packetset.Set{}}
	j.ready()
	return j.judge()
}

type judging struct {
	*plan
	*header
	chain   *chain
	decider *packetset.Decider
	met     map[*rule]packetset.Set // what matches said
}

// ready makes a box of each rule. Of rules that do more than to compare and decide only their guards are known.
func (j *judging) ready() {
	cs := columns{at: map[netfilter.Field]int{}}
	boxes := make([]packetset.Box, len(j.chain.rules))
	for i, r := range j.chain.rules {
		boxes[i] = j.boxOf(r, &cs)
	}
	for i := range boxes {
		boxes[i].Columns = append(boxes[i].Columns, make([]netfilter.Ranges, len(cs.fields)-len(boxes[i].Columns))...)
		for at, f := range cs.fields {
			if some := j.possible(f); some != nil {
				narrow(&boxes[i], at, some)
			}
		}
	}
	j.decider = j.space.NewDecider(cs.fields, boxes, 1)
}

func (j *judging) boxOf(r *rule, cs *columns) packetset.Box {
	if r.plain != nil {
		return j.box(r.plain, &plainLayout, cs)
	}
	box := packetset.Box{Open: true}
	for _, g := range r.guards {
		if j.space.Bits(g.field) == 0 || g.field == netfilter.ICMPType || g.field == netfilter.ICMPCode {
			continue // those share their bits with ports
		}
		narrow(&box, cs.of(g.field), netfilter.Between(g.first, g.last))
	}
	return box
}

// plainLayout reads every field as itself.
var plainLayout = func() (l layout) {
	for f := range l {
		l[f] = netfilter.Field(f)
	}
	return l
}()

func (j *judging) judge() []Judgement {
	found := make([]Judgement, len(j.chain.rules))
	for i, r := range j.chain.rules {
		found[i] = Judgement{Rule: r.Rule}
		if before, shadowed := j.decider.Shadowed(int32(i)); shadowed {
			found[i].Dead, found[i].By = true, j.shadows(r, before)
		}
	}
	return found
}

// shadows are the rules, of some earlier ones, that take what a rule would match.
func (j *judging) shadows(r *rule, earlier []int32) []*netfilter.Rule {
	var by []*netfilter.Rule
	rest := j.matches(r)
	for _, i := range earlier {
		if rest.IsEmpty() {
			break
		}
		if both := rest.And(j.matches(j.chain.rules[i])); !both.IsEmpty() {
			by = append(by, j.chain.rules[i].Rule)
			rest = rest.Minus(both)
		}
	}
	return by
}

// matches are the packets that pass the matches before a rule's first action.
func (j *judging) matches(r *rule) packetset.Set {
	met, known := j.met[r]
	if !known {
		met = j.newMatches(r)
		j.met[r] = met
	}
	return met
}

func (j *judging) newMatches(r *rule) packetset.Set {
	met := j.space.All()
	for _, f := range []netfilter.Field{netfilter.ConntrackState, netfilter.InInterface, netfilter.OutInterface, netfilter.PhysicalIn, netfilter.PhysicalOut} {
		met = met.And(j.space.Where(f, netfilter.AllOnes, j.possible(f)))
	}
	for _, s := range r.steps {
		if s.match == nil || met.IsEmpty() {
			break
		}
		met = met.And(s.match.meets(j.plan, j.header))
	}
	return met
}
