package imports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/policy"
)

// settle takes an arrangement as the section, and says what it cannot say.
func (c *conversion) settle(a arrangement, s policy.Section) section {
	for _, f := range a.failed {
		if f.entry == nil {
			c.header = append(c.header, fmt.Sprintf("What no rule of the chain decides passed, and is refused by the policy in "+
				"part: %v.", f.err))
			continue
		}
		f.entry.section[s].err = f.err
	}
	for _, e := range a.stricter {
		c.reading.notCarried(e.line, fmt.Sprintf("%v; the policy refuses all of it, also what lines before it let pass",
			errTooManyPieces))
	}
	for _, x := range a.sentences {
		for _, e := range []*entry{x.entry, x.also} {
			if e != nil && len(x.rules) > 0 {
				e.section[s].stated = true
			}
		}
		for _, remark := range x.remarks {
			c.unsaid(x, s, remark)
		}
	}
	return section{a.standard, a.sentences}
}

// unsaid keeps the remark of a sentence that came to no rule.
func (c *conversion) unsaid(x sentence, s policy.Section, remark string) {
	switch {
	case len(x.rules) > 0:
	case x.entry == nil:
		c.header = append(c.header, fmt.Sprintf("At the end of the chain, %s: %s.", s, remark))
	default:
		x.entry.section[s].unsaid = true
		c.explain(x.entry.line, fmt.Sprintf("%s: %s", s, remark))
	}
}

// lost notes an entry that the policy does not say, and what follows from that.
func (c *conversion) lost(e *entry, err error) {
	follows := "so the policy does not allow what this line allows"
	if !e.allow {
		follows = "so the policy does not refuse what this line refuses"
	}
	c.reading.notCarried(e.line, fmt.Sprintf("%v; %s", err, follows))
}

// openEgress lets all containers begin conversations where the chain lets those of whole networks, and refuses others
// only by its end. That is what the line `-i docker0 -j RETURN` is written for, long before there are other networks.
func (c *conversion) openEgress() {
	for f := range family(2) {
		var last *entry
		covered := only()
		for _, e := range c.entries {
			boxes := e.section[policy.Egress].boxes
			if e.spec.family == f && e.allow && len(boxes) == 1 && c.wholeNetwork(boxes[0], f) {
				last, covered = e, covered.or(boxes[0].inside)
			}
		}
		if last == nil || !c.closesEgress(last, covered) {
			continue
		}
		last.section[policy.Egress].boxes[0].inside = everyName()
		c.widened(last, covered)
	}
}

// wholeNetwork tells whether a box is everything that the containers of some network begin.
func (c *conversion) wholeNetwork(b box, f family) bool {
	b.peers = union(b.peers, wholeSet(ipv6-f))
	networks := slices.ContainsFunc(b.inside.list, func(name string) bool { return isNetwork(name) })
	inside := b.inside
	b.inside = everyName()
	return b.all() && (inside.every() || networks && !inside.but)
}

// closesEgress tells whether an entry behind that one refuses what begins elsewhere.
func (c *conversion) closesEgress(open *entry, covered names) bool {
	behind := c.entries[slices.Index(c.entries, open)+1:]
	return slices.ContainsFunc(behind, func(e *entry) bool {
		return !e.allow && e.spec.family == open.spec.family &&
			slices.ContainsFunc(e.section[policy.Egress].boxes, func(b box) bool { return !b.inside.minus(covered).empty() })
	})
}

// widened says what an open egress lets out that the chain did not.
func (c *conversion) widened(e *entry, covered names) {
	if !c.world.known {
		c.explain(e.line, "containers on other networks, if there are any, may go out as well; the chain did not let them")
		return
	}
	var held []string
	for _, n := range c.world.networks {
		if len(keep(n.inside.list, covered.not().and(n.withoutNetwork()))) > 0 {
			held = append(held, n.String())
		}
	}
	if len(held) > 0 {
		c.reading.notCarried(e.line, "the chain lets only the containers of its own networks out, and the policy those of "+
			strings.Join(held, ", ")+" too; to hold them, write defaults: {egress: deny} and egress sentences like "+
			"`allow all from network:bridge to any`")
	}
}
