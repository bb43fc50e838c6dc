package nftables

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// bounds are the elements of one set as the kernel has them. In a set of intervals each is where a range begins, or
// the first key behind its end.
type bounds []bound

type bound struct {
	key     key
	end     bool
	verdict string
	comment Comment
	count
}

func (b *bounds) decode(message []byte) {
	for _, e := range attributes(attribute(message, unix.NFTA_SET_ELEM_LIST_ELEMENTS)) {
		var one bound
		one.decode(e)
		*b = append(*b, one)
	}
}

func (b *bound) decode(e []byte) {
	for kind, value := range attributes(e) {
		switch kind {
		case unix.NFTA_SET_ELEM_KEY:
			b.key = key(attribute(value, unix.NFTA_DATA_VALUE))
		case unix.NFTA_SET_ELEM_DATA:
			b.verdict = verdictText(value)
		case unix.NFTA_SET_ELEM_FLAGS:
			b.end = number32(value)&unix.NFT_SET_ELEM_INTERVAL_END != 0
		case unix.NFTA_SET_ELEM_USERDATA:
			b.comment = userComment(value)
		case unix.NFTA_SET_ELEM_EXPR:
			if string(attribute(value, unix.NFTA_EXPR_NAME)) == "counter\x00" {
				b.takeCounter(attribute(value, unix.NFTA_EXPR_DATA))
			}
		}
	}
}

// elements are the elements that the bounds make, sorted. A range ends before the next bound, whatever that is: of two
// ranges that touch, the kernel may have both the end of one and the beginning of the other, or only the latter. The
// last may have no end, and then holds all that follows.
func (b bounds) elements(intervals bool) []elementReading {
	slices.SortFunc(b, bound.compare)
	var out []elementReading
	for i, begin := range b {
		if begin.end {
			continue
		}
		last := begin.key
		switch {
		case intervals && i+1 < len(b):
			last = b[i+1].key.previous()
		case intervals:
			last = key(strings.Repeat("\xff", len(begin.key)))
		}
		out = append(out, elementReading{element{begin.key, last, begin.verdict, begin.comment}, begin.count})
	}
	return out
}

func (b bound) compare(other bound) int {
	if order := cmp.Compare(b.key, other.key); order != 0 || b.end == other.end {
		return order
	}
	if b.end {
		return -1
	}
	return 1
}
