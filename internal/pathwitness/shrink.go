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
		c = with(without(units(*text(&c.Rules)), func(lines []string) bool { return fails(with(lines)) }))
	}
	return c
}

// units are a text's lines. A table's built-in chains stay with it: iptables-nft-save prints those too that are not there.
func units(text string) []string {
	var all []string
	for _, line := range strings.SplitAfter(text, "\n") {
		if len(line) > 1 && line[0] == ':' && 'A' <= line[1] && line[1] <= 'Z' && len(all) > 0 {
			all[len(all)-1] += line
		} else {
			all = append(all, line)
		}
	}
	return all
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
