package packetset

import "github.com/dockwall/dockwall/internal/netfilter"

// Shadowed tells whether every packet that fits a box fits one before it that is not open, and gives those of them that
// fit some packet of the box, in order: where one of them fits all, the first of those alone.
func (d *Decider) Shadowed(i int32) (by []int32, shadowed bool) {
	if d.neighbours == nil {
		d.neighbours = d.newNeighbours()
	}
	box := &d.boxes[i]
	for _, o := range d.neighbours.near(box) {
		other := &d.boxes[o]
		if o >= i || other.Open || !box.overlaps(other) {
			continue
		}
		if other.contains(box) {
			return []int32{o}, true
		}
		by = append(by, o)
	}
	e := escape{Decider: d, box: box, covered: map[partKey]bool{}}
	return by, !e.found(part{}, by)
}

// overlaps tells whether some numbers fit both boxes.
func (b *Box) overlaps(o *Box) bool {
	for c, ranges := range b.Columns {
		if !meet(ranges, o.Columns[c]) {
			return false
		}
	}
	return true
}

// contains tells whether all that fits another box fits this one.
func (b *Box) contains(o *Box) bool {
	for c, ranges := range b.Columns {
		if ranges != nil && (o.Columns[c] == nil || len(o.Columns[c].Minus(ranges)) > 0) {
			return false
		}
	}
	return true
}

// meet tells whether some number is in both columns.
func meet(a, b netfilter.Ranges) bool {
	switch {
	case a == nil:
		return b == nil || len(b) > 0
	case b == nil:
		return len(a) > 0
	}
	for _, r := range a {
		if b.Overlaps(r.First, r.Last) {
			return true
		}
	}
	return false
}

// escape looks for a packet of a box that fits none of others. It remembers the parts and boxes in which there is none.
type escape struct {
	*Decider
	box     *Box
	covered map[partKey]bool
}

// found tells whether there is such a packet in a part.
func (e *escape) found(p part, others []int32) bool {
	if p.column == len(e.columns) {
		return len(others) == 0
	}
	touches, all := e.box.meets(p.column, p.base, e.last(p))
	if !touches {
		return false
	}
	mark := len(e.scratch)
	defer func() { e.scratch = e.scratch[:mark] }()
	others, covering := e.trim(p, others)
	switch {
	case len(others) > 0 && covering == len(others) && e.boxes[others[0]].fills(p.column):
		return false
	case covering == len(others) && all:
		return e.found(part{column: p.column + 1}, others)
	}
	key := partKey{p.column, p.at, p.base, e.intern(others)}
	if e.covered[key] {
		return false
	}
	e.covered[key] = !e.inHalves(p, others)
	return !e.covered[key]
}

func (e *escape) inHalves(p part, others []int32) bool {
	low, high := e.halves(p)
	return e.found(low, others) || e.found(high, others)
}
