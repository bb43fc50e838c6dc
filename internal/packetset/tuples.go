package packetset

import (
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Tuples are the packets whose readings are, all of them, in the ranges of at least one key. Each key has ranges for
// each reading. It does not ask whether packets have the fields (see Has). It takes time in proportion to the keys and
// the bits of the readings, also for 100,000 keys.
func (s *Space) Tuples(readings []Reading, keys [][]netfilter.Ranges) Set {
	t := tuples{Space: s}
	columns := t.choose(readings)
	var left [][]netfilter.Ranges
	for _, key := range keys {
		if constantsFit(readings, key) {
			left = append(left, t.arrange(key, columns))
		}
	}
	t.split(left)
	return Set{s, t.build(0, 0, netfilter.Number{}, t.boxes)}
}

// box is a product of one range for each column.
type box []netfilter.Range

type tuples struct {
	*Space
	readings []bits // those that are not constant, by place
	boxes    []box
}

// choose notes the readings to ask and gives their columns in the keys, upper fields first.
func (t *tuples) choose(readings []Reading) []column {
	var columns []column
	for i, r := range readings {
		if !r.IsConstant() {
			columns = append(columns, column{i, r, t.places[r.Field]})
		}
	}
	slices.SortStableFunc(columns, func(a, b column) int { return int(a.place.first - b.place.first) })
	for _, c := range columns {
		if c.Add != 0 {
			c.Reading = Plain(c.Field) // the ranges are shifted instead
		}
		t.readings = append(t.readings, bits{t.Space, c.place, c.Keep, c.Fixed})
	}
	return columns
}

// column says where a reading's ranges stand in a key.
type column struct {
	key int
	Reading
	place place
}

func constantsFit(readings []Reading, key []netfilter.Ranges) bool {
	for i, r := range readings {
		if r.IsConstant() && !key[i].Contains(r.Fixed) {
			return false
		}
	}
	return true
}

func (t *tuples) arrange(key []netfilter.Ranges, columns []column) []netfilter.Ranges {
	row := make([]netfilter.Ranges, len(columns))
	for i, c := range columns {
		row[i] = key[c.key]
		if c.Add != 0 {
			row[i] = t.unshifted(c.Reading, row[i])
		}
	}
	return row
}

// split makes boxes of rows: as many as the product of their ranges.
func (t *tuples) split(rows [][]netfilter.Ranges) {
	for _, row := range rows {
		boxes := []box{{}}
		for _, ranges := range row {
			var longer []box
			for _, b := range boxes {
				for _, r := range ranges {
					longer = append(longer, append(slices.Clip(b), r))
				}
			}
			boxes = longer
		}
		t.boxes = append(t.boxes, boxes...)
	}
}

// build is the diagram of boxes from one column on, of values that begin with base above the bit at.
func (t *tuples) build(column, at int, base netfilter.Number, boxes []box) int32 {
	switch {
	case len(boxes) == 0:
		return none
	case column == len(t.readings):
		return all
	}
	r := &t.readings[column]
	last := base.Or(netfilter.LowBits(r.bits - at))
	if allCover(boxes, column, base, last) {
		return t.build(column+1, 0, netfilter.Number{}, boxes)
	}
	i := r.bits - at - 1
	middle := base.Or(netfilter.LowBits(i).Next())
	if !r.keep.Bit(i) {
		if r.fixed.Bit(i) {
			return t.build(column, at+1, middle, touching(boxes, column, middle, last))
		}
		return t.build(column, at+1, base, touching(boxes, column, base, middle.Previous()))
	}
	low := t.build(column, at+1, base, touching(boxes, column, base, middle.Previous()))
	if low == gaveUp {
		return gaveUp
	}
	return t.make(r.first+int32(at), low, t.build(column, at+1, middle, touching(boxes, column, middle, last)))
}

func allCover(boxes []box, column int, first, last netfilter.Number) bool {
	for _, b := range boxes {
		if b[column].First.Compare(first) > 0 || b[column].Last.Compare(last) < 0 {
			return false
		}
	}
	return true
}

func touching(boxes []box, column int, first, last netfilter.Number) []box {
	var some []box
	for _, b := range boxes {
		if b[column].First.Compare(last) <= 0 && b[column].Last.Compare(first) >= 0 {
			some = append(some, b)
		}
	}
	return some
}
