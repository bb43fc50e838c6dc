// Package packetset holds exact sets of packets of one IP family, and does algebra with them.
//
// A Set is a binary decision diagram (R. E. Bryant, "Graph-Based Algorithms for Boolean Function Manipulation", IEEE
// Transactions on Computers, 1986): reduced, ordered and shared, so that equal sets are equal values. Its variables are
// the bits of a packet's fields, and after them the unknowns: booleans for all that is not known of a packet, such as
// whether a rate was exceeded. See order.go for the fields and their order.
//
// A Space has a limit of nodes. An operation that would go beyond it gives GaveUp, the set of which only is known that
// each packet is possibly in it: Certainly of it is None, Possibly of it is All, and so is all that is made of it. No
// operation fails otherwise. A Space is for one goroutine at a time.
package packetset

import "github.com/dockwall/dockwall/internal/netfilter"

// DefaultLimit is the number of nodes of a new Space: about 250 MB with all tables, when it is reached.
const DefaultLimit = 8 << 20

// Space is what sets are made in. Sets of different spaces cannot be mixed.
type Space struct {
	family   netfilter.Family
	places   [places]place
	nodes    []node
	unique   []int32 // a hash table of indices into nodes, 0 where free
	cache    []result
	limit    int
	full     bool
	unknowns []string
	having   [places]Set // what Has said
	counted  []uint64    // the cells of each node, once anybody asked for some
}

// Set is a set of packets: a comparable value, equal where the sets are equal. The zero Set is no set.
type Set struct {
	space *Space
	node  int32
}

// NewSpace is an empty space of a family, IPv4 or IPv6.
func NewSpace(f netfilter.Family) *Space { return NewLimited(f, DefaultLimit) }

// NewLimited is NewSpace with a limit of nodes.
func NewLimited(f netfilter.Family, limit int) *Space {
	s := &Space{family: f, limit: limit, places: layOut(f)}
	s.nodes = append(make([]node, 0, 1024), node{level: bottom}, node{level: bottom}, node{level: bottom})
	s.unique = make([]int32, 2048)
	s.cache = make([]result, 4096)
	return s
}

// Family is the family of the packets.
func (s *Space) Family() netfilter.Family { return s.family }

// Full tells whether an operation has given up.
func (s *Space) Full() bool { return s.full }

// None is the set without packets, All of every packet, GaveUp the one that is not known.
func (s *Space) None() Set   { return Set{s, none} }
func (s *Space) All() Set    { return Set{s, all} }
func (s *Space) GaveUp() Set { return Set{s, gaveUp} }

// IsEmpty tells whether no packet can be in the set.
func (a Set) IsEmpty() bool { return a.node == none }

// IsAll tells whether every packet is in the set.
func (a Set) IsAll() bool { return a.node == all }

// And are the packets of both sets, Or of either, Minus those of a that b does not have, Not all others.
func (a Set) And(b Set) Set   { return Set{a.space, a.space.combine(opAnd, a.node, b.node)} }
func (a Set) Or(b Set) Set    { return Set{a.space, a.space.combine(opOr, a.node, b.node)} }
func (a Set) Minus(b Set) Set { return Set{a.space, a.space.combine(opMinus, a.node, b.node)} }
func (a Set) Not() Set        { return Set{a.space, a.space.combine(opMinus, all, a.node)} }

// Nodes is how many nodes the space has: what it costs, about 32 bytes each.
func (s *Space) Nodes() int { return len(s.nodes) }
