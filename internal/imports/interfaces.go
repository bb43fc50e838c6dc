package imports

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// fits tells whether an interface's name is what -i or -o asks for.
func (m interfaceMatch) fits(name string) bool {
	prefix, wildcard := strings.CutSuffix(m.name, "+")
	return (m.name == name || wildcard && strings.HasPrefix(name, prefix)) != m.not
}

// wildcard tells whether the name ends in a plus.
func (m interfaceMatch) wildcard() bool { return strings.HasSuffix(m.name, "+") }

// outsideNow tells whether the name is a wildcard that stands for the outside interfaces there are.
func (m interfaceMatch) outsideNow() bool {
	return m.wildcard() && m.name != "+" && !onlyBridges(m.name)
}

// outer is what a rule's -i (or, for what containers begin, -o) says about outside interfaces.
func (w *world) outer(matches []interfaceMatch) (names, error) {
	on := everyName()
	for _, m := range matches {
		named, err := w.named(m)
		if err != nil {
			return names{}, err
		}
		if m.not {
			named = named.not()
		}
		on = on.and(named)
	}
	return on, nil
}

// named are the outside interfaces that a name or a wildcard means, without its negation.
func (w *world) named(m interfaceMatch) (names, error) {
	m.not = false
	switch {
	case m.name == "+":
		return everyName(), nil
	case m.name == "":
		return names{}, errors.New("it names no interface")
	case m.wildcard() && w.host == nil:
		if onlyBridges(m.name) {
			return only(), nil
		}
		return names{}, fmt.Errorf("which interfaces %s are is not known without the host", printable(m.name))
	case m.wildcard():
		return w.fitting(m)
	case w.inside(m.name):
		return only(), nil
	}
	return only(m.name), nil
}

// fitting are the host's outside interfaces that a wildcard means now.
func (w *world) fitting(m interfaceMatch) (names, error) {
	bridge := slices.ContainsFunc(w.networks, func(n network) bool { return m.fits(n.bridge) })
	list := keepFitting(w.outside(), m)
	if len(list) == 0 && !bridge && !onlyBridges(m.name) {
		return names{}, fmt.Errorf("the host has no interface %s now", printable(m.name))
	}
	return only(list...), nil
}

// onlyBridges tells whether a wildcard can mean Docker's bridges only.
func onlyBridges(name string) bool {
	return strings.HasPrefix(name, "docker") || strings.HasPrefix(name, "br-")
}

func keepFitting(list []string, m interfaceMatch) []string {
	return slices.DeleteFunc(slices.Clone(list), func(name string) bool { return !m.fits(name) })
}

// inner is what a rule's -o (or, for what containers begin, -i) says about containers: those on the bridges.
func (w *world) inner(matches []interfaceMatch) names {
	inside := everyName()
	for _, m := range matches {
		inside = inside.and(w.onBridges(m))
	}
	return inside
}

func (w *world) onBridges(m interfaceMatch) names {
	on := only()
	plain := interfaceMatch{name: m.name}
	for _, n := range w.networks {
		if plain.fits(n.bridge) {
			on = on.or(n.inside)
		}
	}
	switch {
	case m.name == "+" || !w.known && m.wildcard() && onlyBridges(m.name):
		on = everyName()
	case !w.known && on.empty() && w.isBridge(m.name):
		on = only(bridgePrefix + m.name)
	}
	return invert(on, m.not)
}

func invert(n names, not bool) names {
	if not {
		return n.not()
	}
	return n
}

// namesUnknown tells whether a rule names a bridge of which only the name is known.
func (w *world) namesUnknown(matches []interfaceMatch) bool {
	return slices.ContainsFunc(matches, func(m interfaceMatch) bool { return w.isBridge(m.name) && m.name != "docker0" })
}
