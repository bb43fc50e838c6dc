package netfilter

import (
	"cmp"
	"math/bits"
	"slices"
	"sort"
)

// fewElements is up to how many elements looking at each is as fast as an index.
const fewElements = 4

// Find is the element that holds a key, nil if none does; of several the first. names stand where the set's fields are
// interfaces ("" for other places), and may be nil where none is. An Except that holds the key, however wide others are,
// means none.
//
// The first call makes an index, which later ones use; Elements must not change after it. Many may call at once.
func (s *Set) Find(key []Number, names []string) *Element {
	if len(s.Elements) <= fewElements {
		return s.findLinear(key, names)
	}
	index := s.index.Load()
	if index == nil {
		index = newSetIndex(s)
		s.index.Store(index)
	}
	found := -1
	for i := range index.shapes {
		at, excepted := index.shapes[i].find(s, key, names)
		if excepted {
			return nil
		}
		if at >= 0 && (found < 0 || at < found) {
			found = at
		}
	}
	if found < 0 {
		return nil
	}
	return &s.Elements[found]
}

// findLinear is Find without an index.
func (s *Set) findLinear(key []Number, names []string) *Element {
	var found *Element
	for i := range s.Elements {
		e := &s.Elements[i]
		if !e.holds(key, names) {
			continue
		}
		if e.Except {
			return nil
		}
		if found == nil {
			found = e
		}
	}
	return found
}

func (e *Element) holds(key []Number, names []string) bool {
	for i, r := range e.Key {
		switch {
		case r != nil:
			if !r.Contains(key[i]) {
				return false
			}
		case i >= len(e.Interfaces) || !e.Interfaces[i].Fits(names[i]):
			return false
		}
	}
	return true
}

// setIndex finds elements by their exact fields first, and among those that share them by the first field that is not
// exact.
type setIndex struct{ shapes []shape }

// shape are the elements whose exact fields are the same ones: all of a plain set, those with and those without a wildcard
// of a set of interfaces, those of one kind of ranges.
type shape struct {
	kind    shapeKind
	buckets map[uint64]*bucket
}

type shapeKind struct {
	exact uint // a bit for each field
	open  int  // the first field that is not exact and no interface, -1 where there is none
	width int  // where ranges overlap: of how many bits they are, so that few of one width hold the same number
}

// bucket are elements whose exact fields have the same hash, sorted by where their ranges of the open field begin.
type bucket struct {
	entries []entry
	reach   []Number // of each entry: the greatest Last of it and all before it
}

type entry struct {
	Range
	element int
}

func newSetIndex(s *Set) *setIndex {
	if index := buildIndex(s, false); !index.overlaps() {
		return index
	}
	return buildIndex(s, true)
}

func buildIndex(s *Set, widths bool) *setIndex {
	index := &setIndex{}
	for i := range s.Elements {
		index.add(i, &s.Elements[i], widths)
	}
	for i := range index.shapes {
		for _, b := range index.shapes[i].buckets {
			b.sort()
		}
	}
	return index
}

func (x *setIndex) add(element int, e *Element, widths bool) {
	kind := shapeKind{}
	kind.exact, kind.open = e.shape()
	if kind.open < 0 {
		x.shape(kind).add(entry{Range{Number{}, AllOnes}, element}, e)
		return
	}
	for _, r := range e.Key[kind.open] {
		if widths {
			kind.width = r.First.Xor(r.Last).bitLength()
		}
		x.shape(kind).add(entry{r, element}, e)
	}
}

func (n Number) bitLength() int {
	if n.High != 0 {
		return 64 + bits.Len64(n.High)
	}
	return bits.Len64(n.Low)
}

// overlaps tells whether a number is in ranges of several elements.
func (x *setIndex) overlaps() bool {
	for _, s := range x.shapes {
		for _, b := range s.buckets {
			for i := range b.entries {
				if s.kind.open >= 0 && i > 0 && b.reach[i-1].Compare(b.entries[i].First) >= 0 {
					return true
				}
			}
		}
	}
	return false
}

func (x *setIndex) shape(kind shapeKind) *shape {
	for i := range x.shapes {
		if x.shapes[i].kind == kind {
			return &x.shapes[i]
		}
	}
	x.shapes = append(x.shapes, shape{kind, map[uint64]*bucket{}})
	return &x.shapes[len(x.shapes)-1]
}

func (e *Element) shape() (exact uint, open int) {
	open = -1
	for i, r := range e.Key {
		switch {
		case len(r) == 1 && r[0].First == r[0].Last, e.exactName(i):
			exact |= 1 << i
		case r != nil && open < 0:
			open = i
		}
	}
	return exact, open
}

func (e *Element) exactName(i int) bool {
	return e.Key[i] == nil && i < len(e.Interfaces) && !e.Interfaces[i].Prefix
}

func (s *shape) add(one entry, e *Element) {
	hash := uint64(hashStart)
	for i, r := range e.Key {
		switch {
		case s.kind.exact&(1<<i) == 0:
		case r == nil:
			hash = hashName(hash, e.Interfaces[i].Name)
		default:
			hash = hashNumber(hash, r[0].First)
		}
	}
	b := s.buckets[hash]
	if b == nil {
		b = &bucket{}
		s.buckets[hash] = b
	}
	b.entries = append(b.entries, one)
}

func (b *bucket) sort() {
	slices.SortFunc(b.entries, func(a, c entry) int {
		return cmp.Or(a.First.Compare(c.First), cmp.Compare(a.element, c.element))
	})
	b.reach = make([]Number, len(b.entries))
	for i, e := range b.entries {
		b.reach[i] = e.Last
		if i > 0 && b.reach[i-1].Compare(e.Last) > 0 {
			b.reach[i] = b.reach[i-1]
		}
	}
}

// find is the first element of the shape that holds a key, -1 if none does, and whether an Except does.
func (s *shape) find(set *Set, key []Number, names []string) (found int, excepted bool) {
	b := s.buckets[s.hash(set, key, names)]
	if b == nil {
		return -1, false
	}
	var at Number
	if s.kind.open >= 0 {
		at = key[s.kind.open]
	}
	found = -1
	after := sort.Search(len(b.entries), func(i int) bool { return b.entries[i].First.Compare(at) > 0 })
	for i := after - 1; i >= 0 && b.reach[i].Compare(at) >= 0; i-- {
		element := b.entries[i].element
		if b.entries[i].Last.Compare(at) < 0 || !set.Elements[element].holds(key, names) {
			continue
		}
		if set.Elements[element].Except {
			return -1, true
		}
		if found < 0 || element < found {
			found = element
		}
	}
	return found, false
}

// hash is the hash of a key's exact fields. A field is an interface where all elements of the shape have a name in it.
func (s *shape) hash(set *Set, key []Number, names []string) uint64 {
	hash := uint64(hashStart)
	for i := range set.Elements[0].Key {
		switch {
		case s.kind.exact&(1<<i) == 0:
		case set.Elements[0].Key[i] == nil:
			hash = hashName(hash, names[i])
		default:
			hash = hashNumber(hash, key[i])
		}
	}
	return hash
}

const hashStart, hashFactor = 14695981039346656037, 0x9e3779b97f4a7c15

func hashNumber(hash uint64, n Number) uint64 {
	hash = (hash ^ n.Low) * hashFactor
	hash = (hash ^ hash>>32 ^ n.High) * hashFactor
	return hash ^ hash>>29
}

func hashName(hash uint64, name string) uint64 {
	for i := 0; i < len(name); i++ {
		hash = (hash ^ uint64(name[i])) * hashFactor
	}
	return hash ^ hash>>29
}
