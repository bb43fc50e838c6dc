package wording

import (
	"slices"
	"strings"
)

// Nearest is the candidate that the word was probably meant to be: at most one error in three characters (or one), not
// counting case. "" where there is none.
func Nearest(word string, candidates []string) string {
	best, least := "", len(word)+1
	for _, candidate := range candidates {
		d := distance(strings.ToLower(word), strings.ToLower(candidate))
		if d < least && d <= max(1, min(len(word), len(candidate))/3) {
			best, least = candidate, d
		}
	}
	return best
}

// distance is the number of characters to insert, delete, change or swap with their neighbour (Damerau-Levenshtein,
// restricted) to make b of a. Words of more than 64 characters are cut: they are no typing errors.
func distance(a, b string) int {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		last := slices.Clone(row)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+changed(a[i-1], b[j-1]))
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before = last
	}
	return row[len(b)]
}

func changed(a, b byte) int {
	if a == b {
		return 0
	}
	return 1
}
