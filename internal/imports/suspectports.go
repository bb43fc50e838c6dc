package imports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
)

// portsOf reports ports that no publication has, or has in another sense than the rule's.
func (c *conversion) portsOf(e *entry) {
	s := e.spec
	begins := len(s.never) == 0 && (s.sees(firstPublished) || s.sees(firstPlain))
	if !begins || c.world.namesBridge(s.in) || c.world.namesOutside(s.out) {
		return // nothing that comes from outside
	}
	tied := c.world.namesOutside(s.in) || c.world.namesBridge(s.out)
	own := func(t target) uint16 { return t.port }
	dialled := func(t target) uint16 { return t.dialled }
	for number, protocols := range numbers(s.ports) {
		c.port(e, number, protocols, own, dialled, tied)
	}
	for number, protocols := range numbers(s.dialled) {
		c.port(e, number, protocols, dialled, own, true)
	}
}

// numbers are the single ports of a set, each with the protocols that have it.
func numbers(p ports) map[uint16][]host.Protocol {
	all := map[uint16][]host.Protocol{}
	for _, point := range p.singles() {
		number := uint16(point % perProtocol)
		all[number] = append(all[number], ported[point/perProtocol])
	}
	return all
}

// side is a target's port on one side of DNAT.
type side func(target) uint16

// port reports one port that is none of those the rule looks at. Tied tells that the rule can mean nothing but
// published ports.
func (c *conversion) port(e *entry, number uint16, protocols []host.Protocol, right, wrong side, tied bool) {
	var candidates []uint16
	var swapped, otherProtocol *target
	for i := range c.world.targets {
		t := &c.world.targets[i]
		spoken := slices.Contains(protocols, t.protocol)
		switch {
		case spoken && right(*t) == number:
			return
		case spoken && wrong(*t) == number:
			swapped = t
		case right(*t) == number:
			otherProtocol = t
		}
		candidates = append(candidates, t.port, t.dialled)
	}
	name := fmt.Sprintf("%d/%s", number, protocols[0])
	near := nearest(number, candidates)
	switch {
	case swapped != nil:
		c.reading.typo(e.line, swapped.confused(number))
	case otherProtocol != nil:
		c.reading.typo(e.line, fmt.Sprintf("nobody publishes %s; %s publishes %d/%s", name, otherProtocol.container, number,
			otherProtocol.protocol))
	case near != 0:
		c.reading.typo(e.line, fmt.Sprintf("%s: nobody publishes it; did you mean %d?", name, near))
	case tied && e.allow:
		c.reading.typo(e.line, fmt.Sprintf("%s: nobody publishes it", name))
	}
}

// confused says that a rule has the port of the wrong side of DNAT.
func (t *target) confused(number uint16) string {
	if t.dialled == number {
		return fmt.Sprintf("%d/%s is the port under which %s publishes its port %d: --dport looks behind DNAT, where "+
			"packets carry %d, so this never matches", number, t.protocol, t.container, t.port, t.port)
	}
	return fmt.Sprintf("%d/%s is the own port of %s, published as %d: --ctorigdstport is the port that the client "+
		"dialled, so this never matches", number, t.protocol, t.container, t.dialled)
}

// nearest is the port that was probably meant: one with the same digits in another order, or of three and more digits
// one with a single other digit. Of several the one with most digits in their places; 0 where there is none.
func nearest(number uint16, candidates []uint16) uint16 {
	typed := strconv.Itoa(int(number))
	best, score := uint16(0), 0
	slices.Sort(candidates)
	for _, candidate := range candidates {
		meant := strconv.Itoa(int(candidate))
		wrong := max(len(typed), len(meant)) - sharedDigits(typed, meant)
		if wrong*3 > len(typed) || len(typed) < 2 || wrong == 1 && !beginAlike(typed, meant) {
			continue
		}
		if s := 100 - 10*wrong + inPlace(typed, meant); s > score {
			best, score = candidate, s
		}
	}
	return best
}

// beginAlike tells whether the first digits are the same, or nothing but the first is different.
func beginAlike(a, b string) bool {
	return a[0] == b[0] || a[1:] == b[1:] || a[1:] == b || a == b[1:]
}

// sharedDigits is how many digits both have, in whatever order.
func sharedDigits(a, b string) int {
	shared := 0
	for _, digit := range "0123456789" {
		shared += min(strings.Count(a, string(digit)), strings.Count(b, string(digit)))
	}
	return shared
}

func inPlace(a, b string) int {
	same := 0
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			same++
		}
	}
	return same
}

// namesBridge tells whether a rule names a Docker bridge.
func (w *world) namesBridge(matches []interfaceMatch) bool {
	return slices.ContainsFunc(matches, func(m interfaceMatch) bool {
		return !m.not && w.isBridge(strings.TrimSuffix(m.name, "+"))
	})
}
