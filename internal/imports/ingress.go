package imports

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ingress is what a rule decides about conversations from outside to containers, as boxes; none: nothing. Published
// ports are exact. Allow tells what the rule does: what it opens is kept as narrow as the chain was, and what it closes
// covers the container's own port too, for those who route to it straight.
func (c *conversion) ingress(s *spec, allow bool) ([]box, error) {
	if len(s.never) > 0 || !s.sees(firstPublished) && !s.sees(firstPlain) {
		return nil, nil
	}
	b := everything()
	var err error
	if b.on, err = c.world.outer(s.in); err != nil {
		return nil, err
	}
	b.peers = s.source.both(s.family, c.alone)
	if b.at, err = c.dialledAddresses(s); err != nil {
		return nil, err
	}
	holders, named, err := c.world.byAddress(s.dest, s.family)
	if err != nil {
		return nil, err
	}
	b.inside = c.world.inner(s.out).and(holders)
	if b.empty() || c.world.onlyContainers(s.source.set) && !s.source.other {
		return nil, nil
	}
	if !s.sees(firstPublished) {
		return nil, errors.New("the policy does not tell what is routed straight to a container from what is published")
	}
	return c.world.publishedAs(b, s, allow, named)
}

// dialledAddresses are those of the host that a rule for conntrack's original destination means.
func (c *conversion) dialledAddresses(s *spec) (names, error) {
	if s.origDest.any(s.family) {
		return everyName(), nil
	}
	a := s.origDest
	if a.other {
		a = a.not(s.family)
	}
	var list []string
	for _, r := range a.set.Ranges() {
		if r.From() != r.To() {
			return c.world.ownAddresses(s)
		}
		list = append(list, r.From().String())
	}
	return invert(only(list...), s.origDest.other), nil
}

// ownAddresses are the host's addresses that the rule means, where it does not name single ones.
func (w *world) ownAddresses(s *spec) (names, error) {
	if w.host == nil {
		return names{}, errors.New("which of the host's addresses are dialled is not known without the host")
	}
	var list []string
	for _, i := range w.host.Interfaces {
		for _, p := range i.Addresses {
			if s.origDest.set.Contains(p.Addr()) {
				list = append(list, p.Addr().String())
			}
		}
	}
	return only(list...), nil
}

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
		if allow && t.renamed(point) {
			p = p.minus(ports{{point, point}})
		}
	}
	return p.and(t.spec.dialled)
}

// renamed tells whether a container's own port is published, and only under other numbers.
func (t translation) renamed(point int) bool {
	hit := slices.ContainsFunc(t.world.targets, func(x target) bool { return pointOf(x.protocol, x.port) == point && t.hits(x) })
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
		return box{}, fmt.Errorf("port %d/%s is published on several addresses of the host for different ports of a container, "+
			"and no sentence tells them apart", meant[0].dialled, meant[0].protocol)
	}
	b := t.box
	b.ports, b.inside = ports{{point, point}}, inside
	return b, nil
}
