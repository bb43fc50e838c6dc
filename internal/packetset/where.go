package packetset

import "github.com/dockwall/dockwall/internal/netfilter"

// Reading is a number made of a field as the packet arrived: ((Field + Add) & Keep) | Fixed, where the sum keeps the
// field's size. Keep and Fixed have no bit in common. With Keep 0 it is a constant.
type Reading struct {
	Field       netfilter.Field
	Keep, Fixed netfilter.Number
	Add         uint16 // of fields of up to 16 bits
}

// Plain reads a field as it is.
func Plain(f netfilter.Field) Reading { return Reading{Field: f, Keep: netfilter.AllOnes} }

// Constant reads always the same.
func Constant(n netfilter.Number) Reading { return Reading{Fixed: n} }

// Masked is the reading with only some of its bits, the others 0.
func (r Reading) Masked(mask netfilter.Number) Reading {
	r.Keep, r.Fixed = r.Keep.And(mask), r.Fixed.And(mask)
	return r
}

// IsConstant tells whether the reading is the same for all packets, its Fixed.
func (r Reading) IsConstant() bool { return r.Keep == netfilter.Number{} }

// Where are the packets that have the field, with (value & mask) in values.
func (s *Space) Where(f netfilter.Field, mask netfilter.Number, values netfilter.Ranges) Set {
	return s.Has(f).And(s.Reads(Plain(f).Masked(mask), values))
}

// Reads are the packets whose reading is in values. It does not ask whether they have the field (see Has).
func (s *Space) Reads(r Reading, values netfilter.Ranges) Set {
	if r.IsConstant() {
		return s.constant(values.Contains(r.Fixed))
	}
	if r.Add != 0 {
		values, r = s.unshifted(r, values), Plain(r.Field)
	}
	b := bits{Space: s, place: s.places[r.Field], keep: r.Keep, fixed: r.Fixed}
	return Set{s, b.build(0, netfilter.Number{}, values)}
}

func (s *Space) constant(yes bool) Set {
	if yes {
		return s.All()
	}
	return s.None()
}

// unshifted are the numbers of a field that a reading with an Add makes one of values.
func (s *Space) unshifted(r Reading, values netfilter.Ranges) netfilter.Ranges {
	most := netfilter.LowBits(s.places[r.Field].bits)
	if r.Keep.And(most) != most {
		values = unmasked(r, values, most.Low)
	}
	add := uint64(r.Add) & most.Low
	var moved []netfilter.Range
	for _, v := range values.Intersect(netfilter.Between(netfilter.Number{}, most)) {
		first, last := (v.First.Low-add)&most.Low, (v.Last.Low-add)&most.Low
		if first > last { // around the end
			moved = append(moved, between(first, most.Low), between(0, last))
		} else {
			moved = append(moved, between(first, last))
		}
	}
	return netfilter.NewRanges(moved...)
}

// unmasked are the sums, up to the most, that a reading makes one of values. It tries all of them.
func unmasked(r Reading, values netfilter.Ranges, most uint64) netfilter.Ranges {
	var list []netfilter.Range
	for n := range most + 1 {
		if values.Contains(netfilter.Small(n).And(r.Keep).Or(r.Fixed)) {
			list = append(list, between(n, n))
		}
	}
	return netfilter.NewRanges(list...)
}

func between(first, last uint64) netfilter.Range {
	return netfilter.Range{First: netfilter.Small(first), Last: netfilter.Small(last)}
}

// bits builds the diagram of a reading's values, from its highest bit down.
type bits struct {
	*Space
	place
	keep, fixed netfilter.Number
}

// build is the diagram of the values that begin with the bits of base above the place of bit at, counted from the highest.
func (b *bits) build(at int, base netfilter.Number, values netfilter.Ranges) int32 {
	last := base.Or(netfilter.LowBits(b.bits - at))
	switch {
	case len(values) == 0:
		return none
	case values[0].First.Compare(base) <= 0 && values[0].Last.Compare(last) >= 0:
		return all
	case at == b.bits:
		return none // values[0] lies beyond
	}
	i := b.bits - at - 1
	middle := base.Or(netfilter.LowBits(i).Next())
	if !b.keep.Bit(i) {
		return b.skip(at, i, base, middle, values)
	}
	low := b.build(at+1, base, below(values, middle))
	high := b.build(at+1, middle, from(values, middle))
	return b.make(b.first+int32(at), low, high)
}

// skip goes on where the bit i is the same for all packets.
func (b *bits) skip(at, i int, base, middle netfilter.Number, values netfilter.Ranges) int32 {
	if b.fixed.Bit(i) {
		return b.build(at+1, middle, from(values, middle))
	}
	return b.build(at+1, base, below(values, middle))
}

// below are the ranges with a number below the middle, from those with one at or above it.
func below(values netfilter.Ranges, middle netfilter.Number) netfilter.Ranges {
	return values[:split(len(values), func(i int) bool { return values[i].First.Compare(middle) >= 0 })]
}

func from(values netfilter.Ranges, middle netfilter.Number) netfilter.Ranges {
	return values[split(len(values), func(i int) bool { return values[i].Last.Compare(middle) >= 0 }):]
}

// split is the first index at which a condition holds that holds from there on.
func split(n int, holds func(int) bool) int {
	low := 0
	for low < n {
		if middle := int(uint(low+n) >> 1); holds(middle) {
			n = middle
		} else {
			low = middle + 1
		}
	}
	return low
}
