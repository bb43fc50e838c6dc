// Package addrset makes and combines sets of IP addresses of both families.
//
// Invariants. A set is never changed: each function returns another one. A nil set is an empty one. Ranges and prefixes are
// valid, because all of them were parsed before they come here; an invalid one is a bug, and a panic.
package addrset

import (
	"fmt"
	"net/netip"

	"go4.org/netipx"
)

// OfAddresses are single addresses.
func OfAddresses(list ...netip.Addr) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, a := range list {
		b.Add(a)
	}
	return Built(&b)
}

// OfPrefixes are the addresses of prefixes.
func OfPrefixes(list ...netip.Prefix) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, p := range list {
		b.AddPrefix(p)
	}
	return Built(&b)
}

// OfRanges are the addresses of ranges.
func OfRanges(list ...netipx.IPRange) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, r := range list {
		b.AddRange(r)
	}
	return Built(&b)
}

// Union are the addresses that are in any of the sets.
func Union(sets ...*netipx.IPSet) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, s := range sets {
		if s != nil {
			b.AddSet(s)
		}
	}
	return Built(&b)
}

// Minus are the addresses of s that are not in without.
func Minus(s, without *netipx.IPSet) *netipx.IPSet {
	var b netipx.IPSetBuilder
	if s != nil {
		b.AddSet(s)
	}
	if without != nil {
		b.RemoveSet(without)
	}
	return Built(&b)
}

// Intersect are the addresses that are in both.
func Intersect(s, t *netipx.IPSet) *netipx.IPSet {
	if s == nil || t == nil {
		return &netipx.IPSet{}
	}
	var b netipx.IPSetBuilder
	b.AddSet(s)
	b.Intersect(t)
	return Built(&b)
}

// IsEmpty tells whether no address is in the set.
func IsEmpty(s *netipx.IPSet) bool { return s == nil || len(s.Ranges()) == 0 }

// Built is what a builder holds.
func Built(b *netipx.IPSetBuilder) *netipx.IPSet {
	s, err := b.IPSet()
	if err != nil {
		panic(fmt.Sprintf("addrset: %v", err))
	}
	return s
}
