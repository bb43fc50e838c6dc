package gate

import "slices"

// crowds makes the merged lines of one address family, for one dispatch or for two that may share them: Ingress and
// Local judge the same clients wherever a rule names no container, and then have one set and one counter for each rule.
type crowds struct {
	family  string
	byFirst map[*Line][]crowd
	named   map[string]bool
}

// crowd is lines that differ only in their client, and the line they were merged into.
type crowd struct {
	lines  []*Line
	merged Line
}

func newCrowds(family string) *crowds {
	return &crowds{family: family, byFirst: map[*Line][]crowd{}, named: map[string]bool{}}
}

// merge makes one line of many. Its set is named after the place where the crowd is first needed and not after its many
// members, so that one member more is no new set; where the other dispatch has another crowd at that place, after the
// dispatch too.
func (c *crowds) merge(dispatch Way, name string, lines []*Line) Line {
	for _, known := range c.byFirst[lines[0]] {
		if slices.Equal(known.lines, lines) {
			return known.merged
		}
	}
	words := []string{c.family, "merged", name}
	if c.named[name] {
		words = append(words, string(dispatch))
	}
	merged := Line{Action: lines[0].Action, Members: members(lines)}
	merged.Client = AddressSet{ID: digest(12, words...), Name: readable(name), Ranges: covered(merged.Members)}
	c.byFirst[lines[0]] = append(c.byFirst[lines[0]], crowd{lines, merged})
	c.named[name] = true
	return merged
}
