package packetset

import (
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Box is a rule's conditions as a product of numbers, and what it does with the packets that meet them.
type Box struct {
	Columns []netfilter.Ranges // by column; nil: any number
	Outcome int                // from 0 below the Decider's number of them
	// Open boxes are those whose packets are not known: they decide nothing.
	Open bool

	last int // the last column that asks something, -1: none
}

// Decider finds the first box that fits, for all packets at once: what a long chain of rules does. It goes down the bits
// of the fields with the boxes that still can fit, so that no set is ever made of what the rules before one have left
// over (M. Gouda and A. Liu, "Structured firewall design", Computer Networks 51, 2007). Boxes that ask nothing more of a
// field do not go down its bits with those that do: they are decided by themselves, and of both answers the box that
// comes first counts. What it finds for a list of boxes it remembers, also for lists that share a part.
type Decider struct {
	space    *Space
	firsts   *Space // diagrams that say which box is the first that fits, see first.go
	columns  []place
	boxes    []Box
	outcomes int
	many     int // see manyCovering
	lists    map[string]int32
	known    map[partKey]int32
	decided  map[int32][]int32 // of a node of firsts, the nodes of each outcome
	scratch  []int32
	key      []byte

	neighbours *neighbours // made when it is first needed
}

// partKey is a part of the space and the boxes in it.
type partKey struct {
	column, at int
	base       netfilter.Number
	list       int32
}

// NewDecider is a decider for boxes over fields that share no bits.
func (s *Space) NewDecider(fields []netfilter.Field, boxes []Box, outcomes int) *Decider {
	d := &Decider{space: s, firsts: s.newFirsts(len(boxes)), boxes: boxes, outcomes: outcomes, many: manyCovering,
		lists: map[string]int32{}, known: map[partKey]int32{}}
	d.decided = d.terminals()
	order := s.byPlace(fields)
	for _, i := range order {
		d.columns = append(d.columns, s.places[fields[i]])
	}
	for b := range d.boxes {
		d.boxes[b].arrange(order)
	}
	return d
}

// terminals are the outcomes of the boxes, and at the end of none of them.
func (d *Decider) terminals() map[int32][]int32 {
	found := map[int32][]int32{none: d.only(d.outcomes), gaveUp: slices.Repeat([]int32{gaveUp}, d.outcomes+1)}
	for i, b := range d.boxes {
		if !b.Open {
			found[terminalOf(int32(i))] = d.only(b.Outcome)
		}
	}
	return found
}

// only is one outcome for all packets.
func (d *Decider) only(outcome int) []int32 {
	found := make([]int32, d.outcomes+1)
	found[outcome] = all
	return found
}

// Decide gives the packets of each outcome, and at the end those that no box of the list fits. The list is of indices of
// boxes, from the first on that is asked, which is the lowest; open ones are left out.
func (d *Decider) Decide(list []int32) []Set {
	nodes := d.sets(d.first(part{}, list))
	sets := make([]Set, len(nodes))
	for i, n := range nodes {
		sets[i] = Set{d.space, n}
	}
	return sets
}

// sets are the packets of each outcome below a node of firsts.
func (d *Decider) sets(at int32) []int32 {
	if found, known := d.decided[at]; known {
		return found
	}
	n := d.firsts.nodes[at]
	low, high := d.sets(n.low), d.sets(n.high)
	found := make([]int32, d.outcomes+1)
	for i := range found {
		found[i] = d.space.make(n.level, low[i], high[i])
	}
	d.decided[at] = found
	return found
}
