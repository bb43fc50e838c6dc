package iptables

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/policy"
)

// installed is the reading in the terms of both backends.
func (r *reading) installed() *backend.Installed {
	i := &backend.Installed{Raw: r}
	for _, f := range r.families() {
		if since := r.saved[f].about().since; since.After(i.Since) {
			i.Since = since
		}
		l := lister{family: f, saved: r.saved[f], sets: r.sets,
			ports: map[string][]backend.Ports{}, merged: map[string]*backend.Line{}}
		i.Lines = append(i.Lines, l.list()...)
	}
	return i
}

// lister reads the lines of a gate out of one family's chains.
type lister struct {
	*family
	saved  *saved
	sets   map[string]*savedSet
	ports  map[string][]backend.Ports // by leaf: where it is dispatched from
	merged map[string]*backend.Line   // by set: what all rules in it have in common
	lines  []backend.Line
}

// list is the lines of all leaves, by way and ports, and then the defaults.
func (l *lister) list() []backend.Line {
	l.findPorts()
	for _, name := range sortedNames(l.saved.chains) {
		if way, ok := wayOf(name); ok {
			l.leaf(name, way)
		}
	}
	for _, set := range slices.Sorted(maps.Keys(l.merged)) {
		l.members(l.merged[set], l.sets[set])
	}
	slices.SortStableFunc(l.lines, func(a, b backend.Line) int {
		return cmp.Or(cmp.Compare(slices.Index(ways, a.Way), slices.Index(ways, b.Way)),
			slices.CompareFunc(a.Ports, b.Ports, comparePorts))
	})
	return append(l.lines, l.defaults()...)
}

// ways are the dispatches in the order in which people expect them.
var ways = []gate.Way{gate.Ingress, gate.Local, gate.Egress}

// wayOf is the way of a leaf, by the letter in its name.
func wayOf(chain string) (way gate.Way, ok bool) {
	for _, way := range ways {
		if strings.HasPrefix(chain, chainPrefix+leafKinds[way]+"-") {
			return way, true
		}
	}
	return "", false
}

func comparePorts(a, b backend.Ports) int {
	return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.First, b.First))
}

// leaf takes in the rules of one leaf.
func (l *lister) leaf(name string, way gate.Way) {
	first := len(l.lines)
	for _, r := range l.saved.chains[name] {
		w := parseRule(r.text)
		line := backend.Line{Family: l.number, Way: way, Ports: l.ports[name], Action: policy.Deny,
			Packets: r.packets, Bytes: r.bytes}
		if w.target() == "RETURN" {
			line.Action = policy.Allow
		}
		if ref, ok := parseSentence(w.after("--comment")); ok && w.target() != "LOG" {
			line.Rule = ref
			l.add(first, line)
		} else if set := l.sets[w.after("--match-set")]; set != nil && set.counted {
			l.merge(w.after("--match-set"), line)
		}
	}
}

// add adds a line to those from first on. Neighbouring rules of one origin and action came from one line.
func (l *lister) add(first int, line backend.Line) {
	if n := len(l.lines); n > first && l.lines[n-1].Rule == line.Rule && l.lines[n-1].Action == line.Action {
		l.lines[n-1].Packets += line.Packets
		l.lines[n-1].Bytes += line.Bytes
		return
	}
	l.lines = append(l.lines, line)
}

// merge notes a rule with the set of a merged line. Several leaves may have it, and each has it once per direction.
func (l *lister) merge(set string, line backend.Line) {
	known := l.merged[set]
	if known == nil {
		l.merged[set] = &line
		return
	}
	for _, p := range line.Ports {
		if !slices.Contains(known.Ports, p) {
			known.Ports = append(slices.Clip(known.Ports), p)
		}
	}
}

// members adds a line for each rule in a set. The elements of one rule are counted together.
func (l *lister) members(common *backend.Line, set *savedSet) {
	by := map[string]*backend.Line{}
	for _, e := range set.elements {
		line := by[e.comment]
		if line == nil {
			line = &backend.Line{}
			*line = *common
			line.Rule, _ = parseSentence(e.comment)
			line.Packets, line.Bytes = 0, 0
			by[e.comment] = line
		}
		line.Packets += e.packets
		line.Bytes += e.bytes
	}
	for _, line := range by {
		l.lines = append(l.lines, *line)
	}
	slices.SortFunc(l.lines[len(l.lines)-len(by):], func(a, b backend.Line) int {
		return cmp.Or(cmp.Compare(a.Rule.Position.File, b.Rule.Position.File),
			cmp.Compare(a.Rule.Position.Line, b.Rule.Position.Line), cmp.Compare(a.Rule.Hash, b.Rule.Hash))
	})
}

// defaults are the lines for what no line decides.
func (l *lister) defaults() []backend.Line {
	var lines []backend.Line
	for _, way := range ways {
		for _, action := range []policy.Action{policy.Deny, policy.Allow} {
			line := backend.Line{Family: l.number, Way: way, Action: action, Default: true}
			rules := l.restRules(defaultComment(way, action))
			for _, r := range rules {
				line.Packets += r.packets
				line.Bytes += r.bytes
			}
			if len(rules) > 0 {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// restRules are the rules with a comment in the chains for what no line decides.
func (l *lister) restRules(c comment) []savedRule {
	var rules []savedRule
	for _, name := range sortedNames(l.saved.chains) {
		for _, r := range l.saved.chains[name] {
			if strings.HasPrefix(name, restPrefix) && parseRule(r.text).after("--comment") == c.text {
				rules = append(rules, r)
			}
		}
	}
	return rules
}

// parseSentence reads the comment that origin writes.
func parseSentence(text string) (gate.RuleRef, bool) {
	parts := sentence.FindStringSubmatch(text)
	if parts == nil {
		return gate.RuleRef{}, false
	}
	line, err := strconv.Atoi(parts[2])
	position := policy.Position{File: parts[1], Line: line}
	return gate.RuleRef{Position: position, Sentence: parts[3], Hash: parts[4]}, err == nil
}
