package packetset

import "github.com/dockwall/dockwall/internal/netfilter"

// Piece is what a set holds where a field has any number of a range: Rest, which says nothing of that field.
type Piece struct {
	netfilter.Range
	Rest Set
}

// Pieces takes a set apart by the numbers of one field, in order. Numbers that no packet of the set has are in no piece.
// It costs in proportion to the set's nodes, and to the pieces below each.
func (a Set) Pieces(f netfilter.Field) []Piece {
	c := cutting{Space: a.space, place: a.space.places[f], known: map[int32][]slice{}}
	var pieces []Piece
	first := netfilter.Number{}
	for _, s := range c.cut(a.node) {
		if s.rest != none {
			pieces = append(pieces, Piece{netfilter.Range{First: first, Last: s.last}, Set{a.space, s.rest}})
		}
		first = s.last.Next()
	}
	return pieces
}

// cutting takes the sets of a space apart by the bits in one place.
type cutting struct {
	*Space
	place
	known map[int32][]slice
}

// slice is the rest for all numbers up to last, from the end of the slice before on.
type slice struct {
	last netfilter.Number
	rest int32
}

// cut gives slices for all numbers of the field.
func (c *cutting) cut(a int32) []slice {
	found, known := c.known[a]
	if known {
		return found
	}
	if n := c.nodes[a]; n.level < c.first {
		found = c.merge(n.level, c.cut(n.low), c.cut(n.high))
	} else {
		found = c.walk(nil, a, 0, netfilter.Number{})
	}
	c.known[a] = found
	return found
}

// walk goes down the field's bits and adds the slices of the numbers that begin with base above the bit at.
func (c *cutting) walk(found []slice, a int32, at int, base netfilter.Number) []slice {
	n := c.nodes[a]
	if n.level >= c.first+int32(c.bits) {
		return joined(found, slice{base.Or(netfilter.LowBits(c.bits - at)), a})
	}
	low, high := a, a
	if n.level == c.first+int32(at) {
		low, high = n.low, n.high
	}
	found = c.walk(found, low, at+1, base)
	return c.walk(found, high, at+1, base.Or(netfilter.LowBits(c.bits-at-1).Next()))
}

// merge goes through both halves of a node above the field at once.
func (c *cutting) merge(level int32, low, high []slice) []slice {
	var merged []slice
	for len(low) > 0 {
		last := low[0].last
		if high[0].last.Compare(last) < 0 {
			last = high[0].last
		}
		merged = joined(merged, slice{last, c.make(level, low[0].rest, high[0].rest)})
		if low[0].last == last {
			low = low[1:]
		}
		if high[0].last == last {
			high = high[1:]
		}
	}
	return merged
}

// joined adds a slice, to the one before where they have the same rest.
func joined(list []slice, s slice) []slice {
	if n := len(list); n > 0 && list[n-1].rest == s.rest {
		list[n-1].last = s.last
		return list
	}
	return append(list, s)
}
