package packetset

import (
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// byPlace are the indices of fields in the order of their bits.
func (s *Space) byPlace(fields []netfilter.Field) []int {
	order := make([]int, len(fields))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return int(s.places[fields[a]].first - s.places[fields[b]].first) })
	return order
}

// arrange puts the columns in that order.
func (b *Box) arrange(order []int) {
	columns := make([]netfilter.Ranges, len(order))
	b.last = -1
	for to, from := range order {
		if columns[to] = b.Columns[from]; columns[to] != nil {
			b.last = to
		}
	}
	b.Columns = columns
}

// fills tells whether the box asks nothing after a column.
func (b *Box) fills(column int) bool { return b.last <= column }

// meets tells whether numbers of a column from first to last, some and all, fit the box.
func (b *Box) meets(column int, first, last netfilter.Number) (some, all bool) {
	ranges := b.Columns[column]
	if ranges == nil {
		return true, true
	}
	if len(ranges) == 1 {
		r := &ranges[0]
		some = r.First.Compare(last) <= 0 && first.Compare(r.Last) <= 0
		return some, some && r.First.Compare(first) <= 0 && last.Compare(r.Last) <= 0
	}
	i := split(len(ranges), func(i int) bool { return ranges[i].Last.Compare(first) >= 0 })
	if i == len(ranges) || ranges[i].First.Compare(last) > 0 {
		return false, false
	}
	return true, ranges[i].First.Compare(first) <= 0 && last.Compare(ranges[i].Last) <= 0
}
