package nftables

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func rulesOf(letters string) (rules []ruleReading) {
	for _, l := range letters {
		rules = append(rules, ruleReading{shape: []byte(string(l))})
	}
	return rules
}

func TestCommon(t *testing.T) {
	for _, c := range []struct {
		want, have string
		places     []int
	}{
		{"", "", []int{}},
		{"abc", "abc", []int{0, 1, 2}},
		{"abc", "", []int{-1, -1, -1}},
		{"", "abc", []int{}},
		{"axc", "abc", []int{0, -1, 2}},
		{"dabc", "abcd", []int{-1, 0, 1, 2}},
		{"abcd", "dabc", []int{1, 2, 3, -1}},
		{"aab", "ab", []int{0, -1, 1}},
		{"ab", "aab", []int{0, 2}},
	} {
		if got := common(rulesOf(c.want), rulesOf(c.have)); !slices.Equal(got, c.places) {
			t.Errorf("common(%q, %q) = %v, want %v", c.want, c.have, got, c.places)
		}
	}
}

// Where no rule comes twice, the common rules are as many as any list that both have in their order can be.
func TestCommonIsLongest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SliceOfNDistinct(rapid.IntRange(0, 9), 0, 8, rapid.ID[int])
		want, have := some.Draw(t, "want"), some.Draw(t, "have")
		got := common(rulesOfNumbers(want), rulesOfNumbers(have))
		length, last := 0, -1
		for i, place := range got {
			if place < 0 {
				continue
			}
			if place <= last || want[i] != have[place] {
				t.Fatalf("common(%v, %v) = %v", want, have, got)
			}
			length, last = length+1, place
		}
		if longest := longestCommon(want, have); length != longest {
			t.Fatalf("common(%v, %v) = %v keeps %d, want %d", want, have, got, length, longest)
		}
	})
}

func rulesOfNumbers(numbers []int) (rules []ruleReading) {
	for _, n := range numbers {
		rules = append(rules, ruleReading{shape: []byte{byte(n)}})
	}
	return rules
}

// longestCommon is the textbook's way, which takes exponential time.
func longestCommon(a, b []int) int {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	if a[0] == b[0] {
		return 1 + longestCommon(a[1:], b[1:])
	}
	return max(longestCommon(a[1:], b), longestCommon(a, b[1:]))
}
