package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// Judgement is what can be said of a rule by its chain alone, for whatever packets come into the chain.
type Judgement struct {
	Rule *netfilter.Rule
	// Dead: the rule never matches. By are the earlier rules that take all packets that it would match, in order; none if
	// no packet at all matches it.
	Dead bool
	By   []*netfilter.Rule
	// Idle: it matches, but without it the same would happen to every packet: later rules, or the chain's end, do the same.
	Idle bool
}

// Judge looks at the rules of one chain. Packets can have any values of all fields in every combination, more than ever
// come together: what is called dead or idle is so on every host, while others may be dead on this one.
// All dead and idle rules can be removed, one by one or together.
func (a *Analysis) Judge(c *netfilter.Chain, f netfilter.Family) []Judgement {
	if a.alone[f] == nil {
		a.alone[f] = freePlan(a.machine, f)
	}
	j := judging{plan: a.alone[f], chain: a.alone[f].compile(c), header: &header{}}
	j.ready(c)
	return j.judge()
}

type judging struct {
	*plan
	*header
	chain   *chain
	bulk    bulk
	decider *packetset.Decider
	end     int // the outcome of the chain's end
}

// ready makes a box of each rule. Of rules that do more than to compare and decide only their guards are known.
func (j *judging) ready(c *netfilter.Chain) {
	end := netfilter.Verdict{Kind: netfilter.Return}
	if c.Base != nil {
		end = netfilter.Verdict{Kind: c.Base.Policy}
	}
	j.end = j.bulk.outcome(end)
	cs := columns{at: map[netfilter.Field]int{}}
	boxes := make([]packetset.Box, len(j.chain.rules))
	for i, r := range j.chain.rules {
		boxes[i] = j.boxOf(r, &cs)
		if r.plain != nil {
			boxes[i].Outcome = j.outcome(r.plain.verdict, end)
		}
	}
	for i := range boxes {
		boxes[i].Columns = append(boxes[i].Columns, make([]netfilter.Ranges, len(cs.fields)-len(boxes[i].Columns))...)
		for at, f := range cs.fields {
			if some := j.possible(f); some != nil {
				narrow(&boxes[i], at, some)
			}
		}
	}
	j.decider = j.space.NewDecider(cs.fields, boxes, len(j.bulk.outcomes))
}

// outcome of a return is that of the chain's end.
func (j *judging) outcome(v, end netfilter.Verdict) int {
	if v.Kind == netfilter.Return {
		v = end
	}
	return j.bulk.outcome(netfilter.Verdict{Kind: v.Kind, With: v.With})
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
	var all, alive []int32
	for i := range j.chain.rules {
		all = append(all, int32(i))
	}
	uses := j.decider.Uses(all, j.end)
	for _, i := range all {
		if uses[i].First {
			alive = append(alive, i)
		}
	}
	without := j.decider.Uses(alive, j.end)
	found := make([]Judgement, len(all))
	for i, r := range j.chain.rules {
		found[i] = Judgement{Rule: r.Rule, Dead: !uses[i].First}
		if found[i].Dead {
			found[i].By = j.shadows(i)
		} else {
			found[i].Idle = r.plain != nil && !uses[i].Needed && !without[i].Needed
		}
	}
	return found
}

// shadows are the earlier rules that take what a rule would match.
func (j *judging) shadows(i int) []*netfilter.Rule {
	var by []*netfilter.Rule
	rest := j.matches(j.chain.rules[i])
	for _, earlier := range j.chain.rules[:i] {
		if rest.IsEmpty() {
			break
		}
		if earlier.plain == nil || apart(earlier, j.chain.rules[i]) {
			continue
		}
		if both := rest.And(j.matches(earlier)); !both.IsEmpty() {
			by = append(by, earlier.Rule)
			rest = rest.Minus(both)
		}
	}
	return by
}

// matches are the packets that pass the matches before a rule's first action.
func (j *judging) matches(r *rule) packetset.Set {
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

// apart tells whether the guards of two rules have nothing in common.
func apart(a, b *rule) bool {
	for _, g := range a.guards {
		for _, o := range b.guards {
			if g.field == o.field && (g.last.Compare(o.first) < 0 || o.last.Compare(g.first) < 0) {
				return true
			}
		}
	}
	return false
}
