package imports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
)

// answers says which answers the chain cuts. The policy lets them all pass, which is more than the chain did.
func (c *conversion) answers() {
	asked := c.cutAnswers(func(s *spec) way {
		return way{answerOutside, s.in, s.out, s.source.any(s.family), s.dest}
	})
	if asked != "" {
		c.header = append(c.header, "The chain cuts answers to what containers ask outside ("+asked+"). With dockwall answers always pass.")
	}
	given := c.cutAnswers(func(s *spec) way {
		return way{answerInside, s.out, s.in, s.dest.any(s.family), s.source}
	})
	if given != "" {
		c.header = append(c.header, "The chain cuts answers of containers to their clients ("+given+"). With dockwall answers always pass.")
	}
}

// way is how a rule looks at the answers that go one way.
type way struct {
	packet       packet
	outer, inner []interfaceMatch
	anyClient    bool
	container    addresses
}

// cutAnswers are the lines that refuse answers which no line before them let pass, as text; "" for none.
func (c *conversion) cutAnswers(see func(*spec) way) string {
	var lines []string
	for f := range family(2) {
		rest := c.world.everyContainer()
		for _, e := range c.entries {
			if e.spec.family != f || rest.empty() {
				continue
			}
			hit, whole := c.meets(e.spec, see(e.spec))
			switch {
			case !e.allow && !hit.and(rest).empty() && len(e.spec.unknown) == 0:
				lines = append(lines, fmt.Sprint(e.line))
				rest = rest.minus(only(whole.list...))
			case e.allow && len(e.skip)+len(e.spec.unknown) == 0:
				rest = rest.minus(whole)
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

// meets is whose answers a rule matches: some of them, and all of them.
func (c *conversion) meets(s *spec, v way) (some, all names) {
	on, err := c.world.outer(v.outer)
	holders, _, err2 := c.world.byAddress(v.container, s.family)
	answered := onEvery(32768, 60999) // the ports that clients ask from
	ports := s.ports.and(s.dialled)
	if err != nil || err2 != nil || on.empty() || len(s.never) > 0 || !s.sees(v.packet) || len(s.ports.and(answered)) == 0 {
		return only(), only()
	}
	some = c.world.inner(v.inner).and(holders)
	whole := wholeProtocol(host.TCP).or(wholeProtocol(host.UDP))
	if on.every() && v.anyClient && s.origDest.any(s.family) && slices.Equal(ports.and(whole), whole) {
		return some, some
	}
	return some, only()
}
