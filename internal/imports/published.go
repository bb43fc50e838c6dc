package imports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/policy"
)

// publishedAs says a box in the ports that clients dial, by what is published as what.
func (w *world) publishedAs(b box, s *spec, allow, named bool) ([]box, error) {
	meant := s.ports.and(s.dialled)
	wide := meant.wide()
	if wide && w.known && len(keep(w.containers(), b.inside.not())) == 0 {
		b.inside = everyName() // every container there is
	}
	t := translation{world: w, box: b, spec: s, keep: named || wide}
	plain := b
	if !t.keep {
		plain.inside = everyName()
	}
	plain.ports = t.plain(allow)
	boxes := []box{plain}
	for _, point := range t.split() {
		shared, err := t.shared(point)
		if err != nil {
			return nil, err
		}
		boxes = append(boxes, shared)
	}
	return slices.DeleteFunc(boxes, box.empty), nil
}

// translation is of one rule's ports into dialled ones.
type translation struct {
	world *world
	box   box
	spec  *spec
	keep  bool // the sentence names the containers, so that others' ports do not matter
}

func (t target) point() int { return pointOf(t.protocol, t.dialled) }

// hits tells whether packets to a target match the rule.
func (t translation) hits(x target) bool {
	return t.spec.ports.has(pointOf(x.protocol, x.port)) && t.spec.dialled.has(x.point()) && t.box.inside.has(x.container)
}

// at are the targets of one dialled port, those that the rule matches and the others that its sentence would match too.
func (t translation) at(point int) (meant, others []target) {
	for _, x := range t.world.dialled[point] {
		switch {
		case t.hits(x):
			meant = append(meant, x)
		case !t.keep || t.box.inside.has(x.container):
			others = append(others, x)
		}
	}
	return meant, others
}

// plain are the dialled ports that are the rule's and nothing else's.
func (t translation) plain(allow bool) ports {
	p := t.spec.ports
	singles := p.singles()
	for _, x := range t.world.targets {
		meant, others := t.at(x.point())
		here := ports{{x.point(), x.point()}}
		switch {
		case len(meant) > 0 && len(others) == 0:
			p = p.or(here)
		case len(others) > 0:
			p = p.minus(here)
		}
	}
	for _, point := range singles {
		if allow && t.onlyRenamed(point) {
			p = p.minus(ports{{point, point}})
		}
	}
	return p.and(t.spec.dialled)
}

// onlyRenamed tells whether a container's own port is published, and only under other numbers.
func (t translation) onlyRenamed(point int) bool {
	hit := slices.ContainsFunc(t.world.targets, func(x target) bool {
		return pointOf(x.protocol, x.port) == point && t.hits(x)
	})
	meant, _ := t.at(point)
	return hit && len(meant) == 0
}

// split are the dialled ports that the rule means for some of their targets only.
func (t translation) split() []int {
	var points []int
	for _, x := range t.world.targets {
		if meant, others := t.at(x.point()); len(meant) > 0 && len(others) > 0 {
			points = append(points, x.point())
		}
	}
	slices.Sort(points)
	return slices.Compact(points)
}

// shared is the box of a dialled port that different containers have on different addresses of the host.
func (t translation) shared(point int) (box, error) {
	meant, others := t.at(point)
	inside := t.box.inside
	if slices.ContainsFunc(others, func(x target) bool { return inside.has(x.container) }) {
		var list []string
		for _, x := range meant {
			list = append(list, x.container)
		}
		inside = only(list...)
	}
	clash := slices.ContainsFunc(others, func(x target) bool { return inside.has(x.container) })
	service := slices.ContainsFunc(meant, func(x target) bool { return strings.HasPrefix(x.container, servicePrefix) })
	if clash || service {
		return box{}, fmt.Errorf("port %d/%s is published on several addresses of the host for different ports of a "+
			"container, and no sentence tells them apart", meant[0].dialled, meant[0].protocol)
	}
	b := t.box
	b.ports, b.inside = ports{{point, point}}, inside
	return b, nil
}

// renamed says under which numbers the containers' ports of a rule are published, where those are others; "" where
// they are the same.
func (c *conversion) renamed(s *spec) string {
	holders, _, _ := c.world.byAddress(s.dest, s.family)
	t := translation{world: c.world, box: box{inside: c.world.inner(s.out).and(holders)}, spec: s}
	var texts []string
	differ := false
	for _, x := range c.world.targets {
		if slices.Contains(s.ports.singles(), pointOf(x.protocol, x.port)) && t.hits(x) {
			differ = differ || x.dialled != x.port
			texts = append(texts, fmt.Sprintf("%s publishes %d/%s as %d", x.container, x.port, x.protocol, x.dialled))
		}
	}
	const most = 8
	if len(texts) > most {
		texts = append(texts[:most], fmt.Sprintf("and %d more", len(texts)-most))
	}
	if !differ {
		return ""
	}
	return strings.Join(texts, ", ")
}

// straight says where sentences differ from the chain for what is routed straight to a container's address: it dials
// the container's own port, and sentences name published ones, whoever has them.
func (c *conversion) straight() {
	for _, e := range c.entries {
		part := e.section[policy.Ingress]
		narrowed := len(keep(c.world.containers(), c.world.inner(e.spec.out).not())) > 0
		wider := slices.ContainsFunc(part.boxes, func(b box) bool { return narrowed && b.inside.every() })
		if wider || part.stated && c.renamed(e.spec) != "" {
			c.header = append(c.header, "Sentences name published ports, whoever publishes them. For traffic that is routed "+
				"straight to a container's address, which Docker refuses from version 28 on, they hold for the ports of the same "+
				"numbers, and the chain may have held for others.")
			break
		}
	}
	past := func(e *entry) bool { return e.section[policy.Ingress].stated && e.spec.target == "ACCEPT" }
	if slices.ContainsFunc(c.entries, past) {
		c.header = append(c.header, "The chain's ACCEPT passes by Docker's own refusals as well; what a policy allows "+
			"Docker may still refuse.")
	}
}
