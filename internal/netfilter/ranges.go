package netfilter

// Union are the numbers of either.
func (r Ranges) Union(other Ranges) Ranges {
	return NewRanges(append(append(make([]Range, 0, len(r)+len(other)), r...), other...)...)
}

// Minus are the numbers of r that other does not hold.
func (r Ranges) Minus(other Ranges) Ranges {
	var rest Ranges
	for _, piece := range r {
		rest = append(rest, piece.minus(other)...)
	}
	return rest
}

func (r Range) minus(other Ranges) Ranges {
	var rest Ranges
	for _, hole := range other {
		if hole.Last.Compare(r.First) < 0 {
			continue
		}
		if hole.First.Compare(r.Last) > 0 {
			break
		}
		if hole.First.Compare(r.First) > 0 {
			rest = append(rest, Range{r.First, hole.First.Previous()})
		}
		if hole.Last.Compare(r.Last) >= 0 {
			return rest
		}
		r.First = hole.Last.Next()
	}
	return append(rest, r)
}

// Intersect are the numbers of both.
func (r Ranges) Intersect(other Ranges) Ranges { return r.Minus(r.Minus(other)) }

// Overlaps tells whether a number from first to last is in one of them.
func (r Ranges) Overlaps(first, last Number) bool {
	low, high := 0, len(r)
	for low < high { // the first range that does not end before first
		middle := int(uint(low+high) >> 1)
		if r[middle].Last.Compare(first) < 0 {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low < len(r) && r[low].First.Compare(last) <= 0
}

// LowBits has the lowest n bits set: the greatest number of n bits.
func LowBits(n int) Number {
	switch {
	case n >= 128:
		return AllOnes
	case n >= 64:
		return Number{1<<(n-64) - 1, ^uint64(0)}
	}
	return Number{0, 1<<n - 1}
}

// Bit tells whether bit n, from 0 for the lowest, is set.
func (n Number) Bit(i int) bool {
	if i >= 64 {
		return n.High>>(i-64)&1 != 0
	}
	return n.Low>>i&1 != 0
}
