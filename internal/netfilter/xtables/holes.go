package xtables

import (
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// settleHoles makes the nomatch elements of a set disjoint from narrower elements, which win over them in the kernel
// (it looks for long prefixes first: mtype_test_cidrs), but not in the model, where an Except wins over all.
func settleHoles(set *netfilter.Set) {
	var plain []netfilter.Element
	for _, e := range set.Elements {
		if !e.Except {
			plain = append(plain, e)
		}
	}
	if len(plain) == len(set.Elements) {
		return
	}
	if set.Type != "hash:net" {
		settleWide(set, plain)
		return
	}
	rest := map[netfilter.Range]netfilter.Ranges{} // what is left of each nomatch
	for _, e := range set.Elements {
		if e.Except {
			rest[e.Key[0][0]] = nil
		}
	}
	inner := innerOf(plain, rest)
	for hole := range rest {
		left := netfilter.Ranges{hole}.Minus(netfilter.NewRanges(inner[hole]...))
		rest[hole] = append(netfilter.Ranges{}, left...) // never nil, which would be an interface
	}
	for i := range set.Elements {
		if e := &set.Elements[i]; e.Except {
			e.Key = []netfilter.Ranges{rest[e.Key[0][0]]}
		}
	}
}

// innerOf are, for each prefix of a nomatch, the plain prefixes inside of it.
func innerOf(plain []netfilter.Element, holes map[netfilter.Range]netfilter.Ranges) map[netfilter.Range][]netfilter.Range {
	inner := map[netfilter.Range][]netfilter.Range{}
	for _, e := range plain {
		p := e.Key[0][0]
		for bits := 0; bits <= 128; bits++ {
			host := netfilter.LowBits(bits)
			wider := netfilter.Range{First: p.First.And(host.Not()), Last: p.First.Or(host)}
			if _, hole := holes[wider]; hole && wider != p && wider.Last.Compare(p.Last) >= 0 {
				inner[wider] = append(inner[wider], p)
			}
		}
	}
	return inner
}

// maxPairs bounds how many pairs of elements are compared with one another.
const maxPairs = 1_000_000

// settleWide is for types of several parts: where a narrower element lies in a nomatch, the set is unclear.
func settleWide(set *netfilter.Set, plain []netfilter.Element) {
	if !strings.Contains(set.Type, "net") {
		return
	}
	if len(plain)*(len(set.Elements)-len(plain)) > maxPairs {
		set.Unclear = "it has too many nomatch elements"
		return
	}
	for _, hole := range set.Elements {
		for _, e := range plain {
			if hole.Except && reaches(hole, e) {
				set.Unclear = "one of its elements lies in a nomatch of several parts"
				return
			}
		}
	}
}

// reaches tells whether some key is in both, and the first is not wholly in the second.
func reaches(hole, e netfilter.Element) bool {
	within := true
	for i := range hole.Key {
		if hole.Key[i] == nil {
			a, b := hole.Interfaces[i], e.Interfaces[i]
			if !a.Fits(b.Name) && !b.Fits(a.Name) {
				return false
			}
			within = within && b == a
			continue
		}
		if len(hole.Key[i].Intersect(e.Key[i])) == 0 {
			return false
		}
		within = within && len(hole.Key[i].Minus(e.Key[i])) == 0
	}
	return !within
}
