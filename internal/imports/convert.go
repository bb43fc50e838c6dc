package imports

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dockwall/dockwall/internal/policy"
)

// conversion makes a policy of what was read.
type conversion struct {
	reading *reading
	world   *world
	alone   bool // only one family's chain says something: what it says holds for both
	entries []*entry
	met     int // rules met on the way
	seen    map[*rule]bool
	refuse  string

	sets     []namedSet
	sections [2]section
	became   map[int][]string // what lines without a sentence of their own became
	header   []string         // remarks on the whole
}

// section is one half of the policy.
type section struct {
	standard  policy.Action
	sentences []sentence
}

// translator gives what a rule decides in one section, as narrow as allows must be or as wide as denies.
type translator func(c *conversion, s *spec, narrow bool) ([]box, error)

// The translators of the sections.
var ways = [2]translator{
	policy.Ingress: (*conversion).ingress,
	policy.Egress:  (*conversion).egress,
}

func newConversion(r *reading, w *world) *conversion {
	c := &conversion{reading: r, world: w, seen: map[*rule]bool{}, became: map[int][]string{}}
	c.nameSets()
	return c
}

// explain says what became of a line.
func (c *conversion) explain(line int, text string) {
	if !slices.Contains(c.became[line], text) {
		c.became[line] = append(c.became[line], text)
	}
}

// convert does everything but write.
func (c *conversion) convert() error {
	if err := c.collect(); err != nil {
		return err
	}
	for _, e := range c.entries {
		for s := range ways {
			e.section[s].boxes, e.section[s].err = c.translate(e, ways[s], e.allow)
			if e.section[s].cuts = e.section[s].boxes; e.allow {
				e.section[s].cuts, _ = c.translate(e, ways[s], false)
			}
		}
	}
	c.openEgress()
	for s := range ways {
		c.sections[s] = c.arrange(policy.Section(s))
	}
	c.account()
	c.answers()
	c.straight()
	c.suspect()
	return nil
}

// collect gathers the entries of the families whose chain refuses something. What one family's chain says alone holds
// for both: a chain that was never written is no reason to leave the other family open.
func (c *conversion) collect() error {
	var found [2][]*entry
	for f := range found {
		c.entries = nil
		v := visit{family: family(f), outer: newSpec(family(f)), stack: []string{chainName}}
		if err := c.walk(v); err != nil {
			return err
		}
		found[f] = c.entries
	}
	c.entries = slices.Concat(found[ipv4], found[ipv6])
	refuses := [2]bool{ipv4: refusesAny(found[ipv4]), ipv6: refusesAny(found[ipv6])}
	c.alone = !refuses[ipv4] || !refuses[ipv6]
	for f := range found {
		if other := ipv6 - family(f); refuses[other] && !refuses[f] {
			c.entries = found[other]
			c.oneFamily(other, found[f])
		}
	}
	return nil
}

func refusesAny(entries []*entry) bool {
	return slices.ContainsFunc(entries, func(e *entry) bool { return !e.allow })
}

// oneFamily says that the chain of one family holds for both.
func (c *conversion) oneFamily(f family, others []*entry) {
	c.header = append(c.header, fmt.Sprintf("Only the chain of %s refuses anything. The policy holds for both families, "+
		"so it closes for %s as well.", f, ipv6-f))
	for _, e := range others {
		c.explain(e.line, fmt.Sprintf("the chain of %s refuses nothing, and what that of %s says holds for both", ipv6-f, f))
	}
}

// translate is an entry's boxes in one section.
func (c *conversion) translate(e *entry, way translator, narrow bool) ([]box, error) {
	boxes, err := way(c, e.spec, narrow)
	if err != nil || len(boxes) == 0 {
		return nil, err
	}
	if len(e.spec.unknown) > 0 {
		return nil, errors.New(e.spec.unknown[0])
	}
	for _, s := range e.skip {
		gone, err := way(c, s, false)
		if err == nil && len(gone) > 0 && len(s.unknown) > 0 {
			err = errors.New(s.unknown[0])
		}
		if err == nil {
			boxes, err = minusAll(boxes, gone)
		}
		if err != nil {
			return nil, fmt.Errorf("what leaves its chain before it cannot be said: %w", err)
		}
	}
	return boxes, nil
}
