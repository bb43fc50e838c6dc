package packetset

import (
	"net/netip"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Ranges are the values that a field has in the packets possibly in the set.
func (a Set) Ranges(f netfilter.Field) netfilter.Ranges {
	s, at := a.space, a.space.places[f]
	if a.node == gaveUp {
		return netfilter.Between(netfilter.Number{}, netfilter.LowBits(at.bits))
	}
	root := s.project(a.node, f, at)
	if root == gaveUp {
		return netfilter.Between(netfilter.Number{}, netfilter.LowBits(at.bits))
	}
	e := enumeration{Space: s, place: at}
	e.walk(root, 0, netfilter.Number{})
	return e.found
}

// project leaves only the bits of one field: whoever has a value of it for any value of the others.
func (s *Space) project(a int32, f netfilter.Field, at place) int32 {
	n := s.nodes[a]
	switch {
	case a == none || a == all || a == gaveUp:
		return a
	case n.level >= at.first+int32(at.bits):
		return all
	}
	op := opProject + operation(f)
	if c := &s.cache[s.slot(op, a, 0)]; c.op == op && c.a == a && c.b == 0 {
		return c.gave
	}
	r := s.projected(n, f, at)
	if r != gaveUp {
		s.cache[s.slot(op, a, 0)] = result{op, a, 0, r}
	}
	return r
}

func (s *Space) projected(n node, f netfilter.Field, at place) int32 {
	low := s.project(n.low, f, at)
	if n.level >= at.first {
		return s.make(n.level, low, s.project(n.high, f, at))
	}
	if low == all || low == gaveUp {
		return low
	}
	return s.combine(opOr, low, s.project(n.high, f, at))
}

// enumeration lists the values of a diagram of one field's bits, in order.
type enumeration struct {
	*Space
	place
	found netfilter.Ranges
}

func (e *enumeration) walk(a int32, at int, base netfilter.Number) {
	last := base.Or(netfilter.LowBits(e.bits - at))
	switch a {
	case none:
		return
	case all:
		e.append(base, last)
		return
	}
	middle := base.Or(netfilter.LowBits(e.bits - at - 1).Next())
	low, high := a, a
	if n := e.nodes[a]; n.level == e.first+int32(at) {
		low, high = n.low, n.high
	}
	e.walk(low, at+1, base)
	e.walk(high, at+1, middle)
}

func (e *enumeration) append(first, last netfilter.Number) {
	if n := len(e.found); n > 0 && e.found[n-1].Last.Next() == first {
		e.found[n-1].Last = last
		return
	}
	e.found = append(e.found, netfilter.Range{First: first, Last: last})
}

// Prefixes are an address field's values as the fewest prefixes, sorted.
func (a Set) Prefixes(f netfilter.Field) []netip.Prefix {
	var list []netip.Prefix
	for _, r := range a.Ranges(f) {
		list = append(list, prefixesOf(r, a.space.family)...)
	}
	return list
}

// prefixesOf cuts a range into the greatest prefixes that fit, from its first address on.
func prefixesOf(r netfilter.Range, f netfilter.Family) []netip.Prefix {
	var list []netip.Prefix
	for bits := addressBits(f); ; {
		open := 0
		for open < bits && fits(r, open+1) {
			open++
		}
		list = append(list, netip.PrefixFrom(r.First.Address(f), bits-open))
		end := r.First.Or(netfilter.LowBits(open))
		if end == r.Last {
			return list
		}
		r.First = end.Next()
	}
}

// fits tells whether a prefix with that many open bits begins at the range's first number and ends inside.
func fits(r netfilter.Range, open int) bool {
	host := netfilter.LowBits(open)
	return r.First.And(host) == netfilter.Number{} && r.First.Or(host).Compare(r.Last) <= 0
}
