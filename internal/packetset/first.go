package packetset

import "github.com/dockwall/dockwall/internal/netfilter"

// newFirsts is a space of diagrams whose terminals are boxes: the first that fits, or none.
func (s *Space) newFirsts(boxes int) *Space {
	f := NewLimited(s.family, s.limit)
	for range boxes {
		f.nodes = append(f.nodes, node{level: bottom})
	}
	return f
}

// terminalOf is the node that stands for a box.
func terminalOf(box int32) int32 { return gaveUp + 1 + box }

// trivialFirst decides where one side has no box, or both have one for all packets.
func (s *Space) trivialFirst(a, b int32) (r int32, decided bool) {
	switch {
	case a == none || a == b:
		return b, true
	case b == none:
		return a, true
	case s.nodes[a].level == bottom && s.nodes[b].level == bottom:
		return min(a, b), true
	}
	return 0, false
}

// part is where the decider is: in a column, below some of its bits.
type part struct {
	column, at int
	base       netfilter.Number
}

func (d *Decider) last(p part) netfilter.Number {
	return p.base.Or(netfilter.LowBits(d.columns[p.column].bits - p.at))
}

// halves are the two parts below the next bit.
func (d *Decider) halves(p part) (low, high part) {
	middle := p.base.Or(netfilter.LowBits(d.columns[p.column].bits - p.at - 1).Next())
	return part{p.column, p.at + 1, p.base}, part{p.column, p.at + 1, middle}
}

// first is the diagram, from a part on, of the first box that fits.
func (d *Decider) first(p part, list []int32) int32 {
	if p.column == len(d.columns) {
		return d.box(list)
	}
	mark := len(d.scratch)
	defer func() { d.scratch = d.scratch[:mark] }()
	list, covering := d.trim(p, list)
	switch {
	case len(list) == 0 || d.boxes[list[0]].fills(p.column) && covering == len(list):
		return d.box(list)
	case covering == len(list):
		return d.first(part{column: p.column + 1}, list)
	case len(list) < worthKnowing:
		return d.divide(p, list)
	}
	key := partKey{p.column, p.at, p.base, d.intern(list)}
	found, known := d.known[key]
	if !known {
		found = d.split(p, list, covering)
		d.known[key] = found
	}
	return found
}

// worthKnowing is how many boxes a part must have for its result to be remembered, manyCovering how many of them must
// cover the part to be decided by themselves.
const (
	worthKnowing = 4
	manyCovering = 16
)

// split decides the boxes that cover a part apart from the others, if they are many.
func (d *Decider) split(p part, list []int32, covering int) int32 {
	if covering < d.many {
		return d.divide(p, list)
	}
	mark, last := len(d.scratch), d.last(p)
	defer func() { d.scratch = d.scratch[:mark] }()
	for _, wanted := range []bool{true, false} {
		for _, i := range list {
			if _, covers := d.boxes[i].meets(p.column, p.base, last); covers == wanted {
				d.scratch = append(d.scratch, i)
			}
		}
	}
	full := d.scratch[mark:len(d.scratch):len(d.scratch)]
	whole := d.first(part{column: p.column + 1}, full[:covering])
	return d.firsts.combine(opFirst, whole, d.first(p, full[covering:]))
}

func (d *Decider) divide(p part, list []int32) int32 {
	low, high := d.halves(p)
	return d.firsts.make(d.columns[p.column].first+int32(p.at), d.first(low, list), d.first(high, list))
}

// box is the first box of a list, none where there is none.
func (d *Decider) box(list []int32) int32 {
	for _, b := range list {
		if !d.boxes[b].Open {
			return terminalOf(b)
		}
	}
	return none
}

// trim leaves the boxes that can fit in a part, up to the first that fits all of it, and says how many of them cover the
// part: they fit all of its numbers in this column.
func (d *Decider) trim(p part, list []int32) (left []int32, covering int) {
	mark, last := len(d.scratch), d.last(p)
	for _, i := range list {
		b := &d.boxes[i]
		if b.Open {
			continue
		}
		touches, covers := b.meets(p.column, p.base, last)
		if !touches {
			continue
		}
		d.scratch = append(d.scratch, i)
		if covers {
			covering++
		}
		if covers && b.fills(p.column) {
			break
		}
	}
	return d.scratch[mark:len(d.scratch):len(d.scratch)], covering
}

// intern numbers lists.
func (d *Decider) intern(list []int32) int32 {
	d.key = d.key[:0]
	for _, i := range list {
		d.key = append(d.key, byte(i), byte(i>>8), byte(i>>16), byte(i>>24))
	}
	n, known := d.lists[string(d.key)]
	if !known {
		n = int32(len(d.lists))
		d.lists[string(d.key)] = n
	}
	return n
}
