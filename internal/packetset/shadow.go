package packetset

import "github.com/dockwall/dockwall/internal/netfilter"

// Shadowed tells whether every packet that fits a box fits one before it that is not open, and gives those of them that
// fit some packet of the box, in order.
func (d *Decider) Shadowed(i int32) (by []int32, shadowed bool) {
	if d.neighbours == nil {
		d.neighbours = d.newNeighbours()
	}
	box := &d.boxes[i]
	for _, o := range d.neighbours.near(box) {
		if o < i && !d.boxes[o].Open && box.overlaps(&d.boxes[o]) {
			by = append(by, o)
		}
	}
	return by, !d.escapes(box, part{}, by)
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

// escapes tells whether some packet of a box in a part fits none of the others.
func (d *Decider) escapes(box *Box, p part, others []int32) bool {
	if p.column == len(d.columns) {
		return len(others) == 0
	}
	touches, all := box.meets(p.column, p.base, d.last(p))
	if !touches {
		return false
	}
	mark := len(d.scratch)
	defer func() { d.scratch = d.scratch[:mark] }()
	others, covering := d.trim(p, others)
	switch {
	case len(others) > 0 && covering == len(others) && d.boxes[others[0]].fills(p.column):
		return false
	case covering == len(others) && all:
		return d.escapes(box, part{column: p.column + 1}, others)
	}
	low, high := d.halves(p)
	return d.escapes(box, low, others) || d.escapes(box, high, others)
}
