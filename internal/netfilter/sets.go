package netfilter

import "sync/atomic"

// Set is a named or anonymous set or map: of nft, or of ipset.
type Set struct {
	Name     string
	Elements []Element
	// Dynamic sets change by the packets themselves (nft's dynamic flag, timeouts, SET and `add @set`): what they hold at
	// another moment is not known.
	Dynamic bool
	// Unclear is why the elements are not all known, "" where they are. A lookup is then undecided.
	Unclear string

	// Of ipset's sets, for those who make lookups in them; zero for nft's.
	Type    string   // "hash:ip,port", "list:set"
	Family  Family   // 0: the type has none (hash:mac, bitmap:port, list:set); a packet of the other one is never found
	Masks   []Number // what is taken of each field before it is looked for, parallel to a Key; nil: all
	Members []string // of list:set: the sets that are looked in, in order; it has no elements

	index atomic.Pointer[setIndex] // made by the first Find
}

// Element is one entry of a set: a Ranges for each field, and for maps what it leads to.
type Element struct {
	Key []Ranges
	// Interfaces are the names where the field in that place is an interface (its Key is nil there): parallel to Key, or
	// nil where the set has no such field.
	Interfaces []InterfaceName
	// Except is ipset's nomatch: what it holds is not in the set, although a wider element has it.
	Except  bool
	Verdict *Verdict // of verdict maps
	Target  *NAT     // of maps that NAT takes its target from
	Value   Number   // of other maps: a mark, a priority
	Comment string
}
