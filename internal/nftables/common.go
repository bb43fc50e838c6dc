package nftables

import (
	"bytes"
	"slices"
	"sort"
)

// common is the longest list of rules that two chains have in common, in their order: for each rule that is wanted the
// place of the installed one that is the same, or -1.
func common(want, have []ruleReading) []int {
	places := make([]int, len(want))
	begin := 0
	for begin < len(want) && begin < len(have) && want[begin].same(have[begin]) {
		places[begin] = begin
		begin++
	}
	end := 0 // how many are the same at the end
	for end < len(want)-begin && end < len(have)-begin && want[len(want)-1-end].same(have[len(have)-1-end]) {
		end++
		places[len(want)-end] = len(have) - end
	}
	inner := rising(candidates(want[begin:len(want)-end], have[begin:len(have)-end]))
	for i, place := range inner {
		if place >= 0 {
			place += begin
		}
		places[begin+i] = place
	}
	return places
}

// same tells whether two rules do the same for the same sentence.
func (r *ruleReading) same(other ruleReading) bool {
	return bytes.Equal(r.shape, other.shape) && r.comment.identity() == other.comment.identity()
}

// candidates are the places of the same rules, each used once, whatever their order; -1 for none.
func candidates(want, have []ruleReading) []int {
	places := map[string][]int{}
	for i, r := range have {
		id := string(r.shape) + r.comment.identity()
		places[id] = append(places[id], i)
	}
	out := make([]int, len(want))
	for i, r := range want {
		out[i] = -1
		id := string(r.shape) + r.comment.identity()
		if p := places[id]; len(p) > 0 {
			out[i], places[id] = p[0], p[1:]
		}
	}
	return out
}

// rising leaves of a list of numbers the longest part that rises, and makes the others -1.
//
// tails[n] is where a part of n+1 numbers ends with the smallest number so far; before leads back through such a part.
func rising(numbers []int) []int {
	var tails []int
	before := make([]int, len(numbers))
	for i, n := range numbers {
		if n < 0 {
			continue
		}
		length := sort.Search(len(tails), func(k int) bool { return numbers[tails[k]] >= n })
		before[i] = -1
		if length > 0 {
			before[i] = tails[length-1]
		}
		tails = append(tails[:length], append([]int{i}, tails[min(length+1, len(tails)):]...)...)
	}
	out := slices.Repeat([]int{-1}, len(numbers))
	if len(tails) > 0 {
		for i := tails[len(tails)-1]; i >= 0; i = before[i] {
			out[i] = numbers[i]
		}
	}
	return out
}
