package imports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/policy"
)

// account says what became of every entry: a sentence, a default, nothing, or something that is not carried over.
func (c *conversion) account() {
	stated := map[int]bool{}
	for _, e := range c.entries {
		stated[e.line] = stated[e.line] || e.section[0].stated || e.section[1].stated
	}
	for _, e := range c.entries {
		for s := range e.section {
			if err := e.section[s].err; err != nil {
				c.lost(e, err)
			}
		}
		if c.lostEntirely(e) {
			continue
		}
		text := c.outcome(e)
		if len(e.section[0].boxes)+len(e.section[1].boxes) == 0 && stated[e.line] {
			continue // it says something by another jump
		}
		if n := len(e.via); n > 0 && text != "" {
			text = fmt.Sprintf("by the jump in line %d: %s", e.via[n-1], text)
		}
		if text != "" {
			c.explain(e.line, text)
		}
	}
}

func (c *conversion) lostEntirely(e *entry) bool {
	return slices.ContainsFunc(e.section[:], func(p part) bool { return p.err != nil }) &&
		!slices.ContainsFunc(e.section[:], func(p part) bool { return p.stated })
}

// outcome is what became of an entry, as far as its sentences do not say it.
func (c *conversion) outcome(e *entry) string {
	ingress, egress := e.section[policy.Ingress], e.section[policy.Egress]
	if len(ingress.boxes)+len(egress.boxes) == 0 {
		return c.without(e)
	}
	var texts []string
	dead := 0
	for s, p := range e.section {
		switch {
		case p.stated:
			return "" // its sentences say it
		case p.dead == e.line:
			return "" // said once already
		case p.dead > 0:
			dead = max(dead, p.dead)
		case p.unsaid:
		case len(p.boxes) > 0:
			texts = append(texts, c.standard(e, policy.Section(s)))
		}
	}
	if dead > 0 && len(texts) == 0 {
		return fmt.Sprintf("never reached: line %d decides first", dead)
	}
	return strings.Join(texts, "; ")
}

// standard is what the default of a section has to do with an entry.
func (c *conversion) standard(e *entry, s policy.Section) string {
	standard := c.sections[s].standard
	whole := e.section[s].boxes[0].all()
	switch {
	case e.allow && standard == policy.Allow && s == policy.Egress:
		return "containers may begin conversations: the default of egress is allow"
	case e.allow && standard == policy.Allow && whole:
		return "what nothing refuses passes: the default of ingress is allow"
	case e.allow && standard == policy.Allow:
		return fmt.Sprintf("%s: no sentence refuses it, so it passes", s)
	case !e.allow && standard == policy.Deny && whole && s == policy.Egress:
		return "containers may begin no conversations but those allowed: the default of egress is deny"
	case !e.allow && standard == policy.Deny && whole:
		return "what no sentence allows is refused: the default of ingress is deny"
	case !e.allow && standard == policy.Deny:
		return fmt.Sprintf("%s: no sentence allows it, so it is refused", s)
	}
	return fmt.Sprintf("%s: all of it is decided by lines before it", s)
}

// without is what an entry is that says nothing about first packets between outside and containers. Refusals of other
// things are not carried over.
func (c *conversion) without(e *entry) string {
	s := e.spec
	switch {
	case len(s.never) > 0:
		return "never the first packet of a conversation: " + s.never[0]
	case c.invalid(s):
		return "packets of no conversation: dockwall drops them"
	case !s.sees(firstPlain) && !s.sees(firstPublished):
		return c.answer(e)
	case !c.world.outsideOnly(s) && !c.world.insideOnly(s):
		return "it fits nothing that goes between outside and a container of the host"
	}
	what := "traffic between containers"
	if c.world.outsideOnly(s) {
		what = "forwarding that has nothing to do with Docker"
	}
	if !e.allow {
		c.reading.notCarried(e.line, what+" is left as it is by dockwall, so the policy does not refuse it")
		return ""
	}
	return what + ": dockwall leaves it as it is"
}

// answer is an entry for packets of conversations that have begun.
func (c *conversion) answer(e *entry) string {
	if !e.allow {
		c.reading.notCarried(e.line, "it refuses packets of conversations that have begun; with dockwall answers of what is "+
			"allowed always pass, and what is no longer allowed is cut")
		return ""
	}
	return "answers: dockwall lets them pass always"
}

// invalid tells whether only packets without a conversation are meant.
func (c *conversion) invalid(s *spec) bool {
	return slices.ContainsFunc(s.states, func(m stateMatch) bool {
		return !m.not && !slices.ContainsFunc(m.states, func(state string) bool {
			return state != "INVALID" && state != "UNTRACKED"
		})
	})
}

// outsideOnly tells whether a rule is about packets from one outside interface to another.
func (w *world) outsideOnly(s *spec) bool { return w.namesOutside(s.in) && w.namesOutside(s.out) }

func (w *world) namesOutside(matches []interfaceMatch) bool {
	return slices.ContainsFunc(matches, func(m interfaceMatch) bool {
		return !m.not && !m.wildcard() && !w.inside(m.name)
	})
}

// insideOnly tells whether a rule is about packets from one Docker bridge to another or the same.
func (w *world) insideOnly(s *spec) bool {
	return w.namesBridge(s.in) && w.namesBridge(s.out)
}

// isNetwork tells whether a name in a box is that of a whole network.
func isNetwork(name string) bool {
	return strings.HasPrefix(name, networkPrefix) || strings.HasPrefix(name, bridgePrefix)
}
