package packetset

import "github.com/dockwall/dockwall/internal/netfilter"

// Box is a rule's conditions as a product of numbers, and what it does with the packets that meet them.
type Box struct {
	Columns []netfilter.Ranges // by column; nil: any number
	Outcome int                // from 0 below the Decider's number of them
	// Open boxes are those whose packets are not known: at most these. They decide nothing.
	Open bool

	last int // the last column that asks something, -1: none
}

// Decider finds the first box that fits, for all packets at once: what a long chain of rules does. It goes down the bits
// of the fields with the boxes that still can fit, so that no set is ever made of what the rules before one have left
// over (M. Gouda and A. Liu, "Structured firewall design", Computer Networks 51, 2007). What it finds for a list of
// boxes it remembers, also for lists that share a part.
type Decider struct {
	space    *Space
	columns  []place
	boxes    []Box
	outcomes int
	lists    map[string]int32
	known    map[partKey][]int32
	scratch  []int32
	key      []byte
}

// partKey is a part of the space and the boxes in it.
type partKey struct {
	column, at int
	base       netfilter.Number
	list       int32
}

// NewDecider is a decider for boxes over fields that share no bits.
func (s *Space) NewDecider(fields []netfilter.Field, boxes []Box, outcomes int) *Decider {
	d := &Decider{space: s, boxes: boxes, outcomes: outcomes, lists: map[string]int32{}, known: map[partKey][]int32{}}
	order := s.byPlace(fields)
	for _, i := range order {
		d.columns = append(d.columns, s.places[fields[i]])
	}
	for b := range d.boxes {
		d.boxes[b].arrange(order)
	}
	return d
}

// Decide gives the packets of each outcome, and at the end those that no box of the list fits. The list is of indices of
// boxes, in the order in which they are asked; open ones are left out.
func (d *Decider) Decide(list []int32) []Set {
	nodes := d.build(part{}, list)
	sets := make([]Set, len(nodes))
	for i, n := range nodes {
		sets[i] = Set{d.space, n}
	}
	return sets
}

// part is where the decider is: in a column, below some of its bits.
type part struct {
	column, at int
	base       netfilter.Number
}

func (d *Decider) last(p part) netfilter.Number {
	return p.base.Or(netfilter.LowBits(d.columns[p.column].bits - p.at))
}

// halves are the two parts below the next bit.
func (d *Decider) halves(p part) (low, high part) {
	middle := p.base.Or(netfilter.LowBits(d.columns[p.column].bits - p.at - 1).Next())
	return part{p.column, p.at + 1, p.base}, part{p.column, p.at + 1, middle}
}

func (d *Decider) build(p part, list []int32) []int32 {
	if p.column == len(d.columns) {
		return d.decided(list)
	}
	mark := len(d.scratch)
	defer func() { d.scratch = d.scratch[:mark] }()
	list, split := d.trim(p, list, false)
	switch {
	case len(list) == 0 || d.boxes[list[0]].fills(p.column) && !split:
		return d.decided(list)
	case !split:
		return d.build(part{column: p.column + 1}, list)
	case len(list) < worthKnowing:
		return d.divide(p, list)
	}
	key := partKey{p.column, p.at, p.base, d.intern(list)}
	found, known := d.known[key]
	if !known {
		found = d.divide(p, list)
		d.known[key] = found
	}
	return found
}

// worthKnowing is how many boxes a part must have for its result to be remembered.
const worthKnowing = 4

func (d *Decider) divide(p part, list []int32) []int32 {
	low, high := d.halves(p)
	a, b := d.build(low, list), d.build(high, list)
	found := make([]int32, d.outcomes+1)
	for i := range found {
		found[i] = d.space.make(d.columns[p.column].first+int32(p.at), a[i], b[i])
	}
	return found
}

// decided is the result where the first box fits everything, or there is none.
func (d *Decider) decided(list []int32) []int32 {
	found := make([]int32, d.outcomes+1)
	for _, b := range list {
		if !d.boxes[b].Open {
			found[d.boxes[b].Outcome] = all
			return found
		}
	}
	found[d.outcomes] = all
	return found
}

// trim leaves the boxes that can fit in a part, up to the first that fits all of it, or with open ones to the second
// such. split tells whether one of them fits only some of the part's numbers in this column.
func (d *Decider) trim(p part, list []int32, open bool) (left []int32, split bool) {
	full := 0
	mark, last := len(d.scratch), d.last(p)
	for _, i := range list {
		b := &d.boxes[i]
		if b.Open && !open {
			continue
		}
		touches, covers := b.meets(p.column, p.base, last)
		if !touches {
			continue
		}
		d.scratch = append(d.scratch, i)
		split = split || !covers
		if covers && b.last <= p.column && !b.Open {
			if full++; full == 2 || !open {
				break
			}
		}
	}
	return d.scratch[mark:len(d.scratch):len(d.scratch)], split
}

// intern numbers lists.
func (d *Decider) intern(list []int32) int32 {
	d.key = d.key[:0]
	for _, i := range list {
		d.key = append(d.key, byte(i), byte(i>>8), byte(i>>16), byte(i>>24))
	}
	n, known := d.lists[string(d.key)]
	if !known {
		n = int32(len(d.lists))
		d.lists[string(d.key)] = n
	}
	return n
}
