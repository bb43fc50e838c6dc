package reach

import (
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// columns are the variables that boxes are about.
type columns struct {
	fields []netfilter.Field
	at     map[netfilter.Field]int
}

func (c *columns) of(f netfilter.Field) int {
	if i, known := c.at[f]; known {
		return i
	}
	c.at[f] = len(c.fields)
	c.fields = append(c.fields, f)
	return c.at[f]
}

// bulkFor readies a chain's plain rules for a layout.
func (c *chain) bulkFor(p *plan, l layout) *bulk {
	if c.bulks[l] == nil {
		c.bulks[l] = c.newBulk(p, &l)
	}
	return c.bulks[l]
}

func (c *chain) newBulk(p *plan, l *layout) *bulk {
	b := &bulk{}
	cs := columns{at: map[netfilter.Field]int{}}
	var boxes []packetset.Box
	for _, r := range c.rules {
		if r.plain != nil {
			box := p.box(r.plain, l, &cs)
			box.Outcome = b.outcome(r.plain.verdict)
			boxes = append(boxes, box)
		}
	}
	for i := range boxes { // columns that came up later
		boxes[i].Columns = append(boxes[i].Columns, make([]netfilter.Ranges, len(cs.fields)-len(boxes[i].Columns))...)
	}
	b.decider = p.space.NewDecider(cs.fields, boxes, len(b.outcomes))
	return b
}

// outcome numbers verdicts.
func (b *bulk) outcome(v netfilter.Verdict) int {
	if i := slices.Index(b.outcomes, v); i >= 0 {
		return i
	}
	b.outcomes = append(b.outcomes, v)
	return len(b.outcomes) - 1
}

// box is what a plain rule asks of the fields that are variables in a layout.
func (p *plan) box(r *plainRule, l *layout, cs *columns) packetset.Box {
	var box packetset.Box
	for _, d := range r.demands {
		if on, some := p.needs(d.Field); some != nil && l[on] != netfilter.NoField {
			narrow(&box, cs.of(on), some)
		}
		if of := l[d.Field]; of != netfilter.NoField {
			narrow(&box, cs.of(of), d.numbers)
		}
	}
	return box
}

// narrow leaves only some numbers of a column.
func narrow(box *packetset.Box, column int, some netfilter.Ranges) {
	for len(box.Columns) <= column {
		box.Columns = append(box.Columns, nil)
	}
	if had := box.Columns[column]; had != nil {
		some = had.Intersect(some)
	}
	if some == nil {
		some = netfilter.Ranges{}
	}
	box.Columns[column] = some
}

// run of plain rules: its length from the front of a list.
func plainRun(list []*rule) int {
	for i, r := range list {
		if r.plain == nil {
			return i
		}
	}
	return len(list)
}

// decide takes packets through a run of plain rules at once; false where that is not possible for their header.
func (r *run) decide(c *chain, rules []*rule, u *hull, s state, out *outcome) (state, bool) {
	if s.header != u.header { // an earlier rule has changed it
		u = &hull{plan: r.plan, state: s}
	}
	l, ok := c.layoutFor(u)
	if !ok {
		return s, false
	}
	b := c.bulkFor(r.plan, l)
	list := make([]int32, 0, 64)
	by := make([]*rule, len(b.outcomes)) // the only rule with an outcome
	several := make([]bool, len(b.outcomes))
	for _, rl := range rules {
		if u.excludes(rl) || !rl.plain.admitted(u, &l) {
			continue
		}
		list = append(list, rl.box)
		k := b.outcome(rl.plain.verdict)
		several[k], by[k] = by[k] != nil, rl
	}
	r.spent += len(list)
	for k, set := range b.decider.Decide(list) {
		some := state{s.packets.And(set), s.header}
		if k == len(b.outcomes) {
			return some, true
		}
		r.settle(b.outcomes[k], some, c, by[k], several[k], out)
	}
	return s, false
}

// settle does what a plain rule's verdict says.
func (r *run) settle(v netfilter.Verdict, s state, c *chain, by *rule, several bool, out *outcome) {
	if s.packets.IsEmpty() {
		return
	}
	f := Flow{Kind: Dropped, Chain: c.Chain, With: v.With, Several: several}
	if !several {
		f.Rule = by.Rule
	}
	switch v.Kind {
	case netfilter.Accept:
		out.accepted.add(s)
	case netfilter.Return:
		out.passed.add(s)
	case netfilter.Reject:
		f.Kind = Rejected
		r.refuse(s, f, out)
	default:
		r.refuse(s, f, out)
	}
}
