package imports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
)

// answers says which answers the chain refuses. The policy lets them all pass, which is more than the chain did.
func (c *conversion) answers() {
	asked := c.refusedAnswers(func(s *spec) way {
		return way{answerOutside, s.in, s.out, s.source.any(s.family), s.dest}
	})
	if asked != "" {
		c.header = append(c.header, "The chain refuses answers to what containers ask outside, or some of them ("+asked+
			"). With dockwall answers always pass.")
	}
	given := c.refusedAnswers(func(s *spec) way {
		return way{answerInside, s.out, s.in, s.dest.any(s.family), s.source}
	})
	if given != "" {
		c.header = append(c.header, "The chain refuses what containers answer to their clients, or some of it ("+given+
			"). With dockwall answers always pass.")
	}
}

// way is how a rule looks at the answers that go one way.
type way struct {
	packet       packet
	outer, inner []interfaceMatch
	anyClient    bool
	container    addresses
}

// refusedAnswers are the lines that refuse answers which no line before them let pass, as text; "" for none.
func (c *conversion) refusedAnswers(see func(*spec) way) string {
	var lines []string
	for f := range family(2) {
		all := everything()
		all.inside = c.world.everyContainer()
		rest := []box{all}
		for _, e := range c.entries {
			if e.spec.family != f || len(e.spec.unknown) > 0 {
				continue
			}
			answered, whole := c.answered(e.spec, see(e.spec))
			if !e.allow && len(common(rest, []box{answered})) > 0 {
				lines = append(lines, fmt.Sprint(e.line))
			}
			if less, err := minusAll(rest, []box{answered}); err == nil && whole && len(e.skip) == 0 {
				rest = less
			}
		}
	}
	return lineList(slices.Compact(lines))
}

// lineList is "line 3", "lines 3, 5, 8 and 4 more", or "".
func lineList(lines []string) string {
	const most = 5
	switch n := len(lines); {
	case n == 0:
		return ""
	case n == 1:
		return "line " + lines[0]
	case n > most:
		return fmt.Sprintf("lines %s and %d more", strings.Join(lines[:most], ", "), n-most)
	}
	return "lines " + strings.Join(lines, ", ")
}

// everyContainer is all that answers can go to or come from.
func (w *world) everyContainer() names {
	if !w.known {
		return w.networks[0].inside
	}
	return only(w.containers()...)
}

// answered is whose answers a rule matches, as the containers and the outside interfaces of a box. Whole tells that it
// matches all of theirs.
func (c *conversion) answered(s *spec, v way) (b box, whole bool) {
	b = everything()
	holders, _, err := c.world.byAddress(v.container, s.family)
	on, err2 := c.world.outer(v.outer)
	clients := onEvery(32768, 60999) // the ports that clients ask from
	if err != nil || err2 != nil || len(s.never) > 0 || !s.sees(v.packet) || len(s.ports.and(clients)) == 0 {
		b.ports = nil
		return b, false
	}
	b.on, b.inside = on, c.world.inner(v.inner).and(holders)
	asked := wholeProtocol(host.TCP).or(wholeProtocol(host.UDP))
	return b, v.anyClient && s.origDest.any(s.family) && slices.Equal(s.ports.and(s.dialled).and(asked), asked)
}
