package pathwitness

import (
	"slices"
	"strings"
)

// Shrink takes away from a case what can be taken so that it still fails: packets, then lines of rules, in ever smaller
// parts.
func Shrink(c Case, fails func(Case) bool) Case {
	c.Packets = without(c.Packets, func(packets []Packet) bool { return fails(Case{c.Rules, packets}) })
	for _, text := range []func(*Rules) *string{
		func(r *Rules) *string { return &r.Legacy4 }, func(r *Rules) *string { return &r.Legacy6 },
		func(r *Rules) *string { return &r.NFT4 }, func(r *Rules) *string { return &r.NFT6 },
		func(r *Rules) *string { return &r.Native }, func(r *Rules) *string { return &r.IPSet },
	} {
		with := func(lines []string) Case {
			smaller := c
			*text(&smaller.Rules) = strings.Join(lines, "")
			return smaller
		}
		lines := without(strings.SplitAfter(*text(&c.Rules), "\n"), func(lines []string) bool { return fails(with(lines)) })
		c = with(lines)
	}
	return c
}

// without is a list with everything taken out without which it still fails (Zeller's delta debugging, in its plain form).
func without[T any](list []T, fails func([]T) bool) []T {
	if len(list) > 0 && fails(nil) {
		return nil
	}
	for size := (len(list) + 1) / 2; size > 0; size /= 2 {
		for i := 0; i < len(list); {
			smaller := slices.Concat(list[:i], list[min(i+size, len(list)):])
			if fails(smaller) {
				list = smaller
			} else {
				i += size
			}
		}
	}
	return list
}
