package iptables

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/policy"
)

// fewPrefixes is how many prefixes a line compares one by one; more become a set.
const fewPrefixes = 4

// leafKinds are the letters that stand in the names of the chains of each way.
var leafKinds = map[gate.Way]string{gate.Ingress: "i", gate.Local: "l", gate.Egress: "e"}

// leafKey is what a leaf is made of.
type leafKey struct {
	way  gate.Way
	from *gate.Chain
}

// leaf makes the chain that judges conversations by a chain of the gate, and returns its name.
func (c *compiler) leaf(way gate.Way, from *gate.Chain, otherwise string) string {
	key := leafKey{way, from}
	if name, known := c.leaves[key]; known {
		return name
	}
	var rules []rule
	if way == gate.Local {
		rules = c.refuseLoopback()
	}
	for i := range from.Lines {
		rules = append(rules, c.line(way, &from.Lines[i])...)
	}
	name := c.add(leafKinds[way], append(rules, rule{target: otherwise}))
	if len(from.Scope) > 0 {
		name = c.scope(from, name)
	}
	c.leaves[key] = name
	return name
}

// scope makes the chain that lets only conversations with the published addresses of the host go on.
func (c *compiler) scope(from *gate.Chain, leaf string) string {
	var rules []rule
	for _, a := range from.Scope {
		rules = append(rules, rule{match: conntrack("--ctreplsrc " + a.String()), target: "-g " + leaf})
	}
	return c.add("scope", rules)
}

// line makes the rules of a line of the gate.
func (c *compiler) line(way gate.Way, l *gate.Line) []rule {
	comment := origin(l.Rule)
	if len(l.Members) > 0 {
		comment = remark(fmt.Sprintf("%s, set of rules", l.Action))
	}
	var rules []rule
	for _, m := range c.matches(way, l) {
		if l.Log && !(l.Action == policy.Allow && strings.Contains(m, reply)) {
			rules = append(rules, logRule(l, m))
		}
		rules = append(rules, rule{m, comment, c.target(l.Action)})
	}
	return rules
}

// target is what an action does. What is allowed goes back to where Docker's own rules decide.
func (c *compiler) target(a policy.Action) string {
	if a == policy.Allow {
		return "-j RETURN"
	}
	return c.refuse()
}

// logRule notes a new conversation that is allowed, which no answer begins, or any packet that is refused, in the
// kernel's log: at most ten a second, so that nobody can fill it.
func logRule(l *gate.Line, m string) rule {
	fresh := ""
	if l.Action == policy.Allow {
		fresh = conntrack("--ctstate NEW")
	}
	prefix := harmless(fmt.Sprintf("dockwall %s #%s: ", l.Action, l.Rule.Hash), 29)
	return rule{match: match(m, fresh, "-m limit --limit 10/sec --limit-burst 50"),
		target: `-j LOG --log-prefix "` + prefix + `"`}
}

// matches are the matches of a line: it holds where any of them does. Where the directions of a conversation are asked
// the same, one rule stands for both.
func (c *compiler) matches(way gate.Way, l *gate.Line) []string {
	options, sets := c.sides(l)
	there, back := sets.there, sets.back
	if l.Interface == "" && len(there) == 0 {
		return conntrackEach("", "", options)
	}
	matches := conntrackEach(match(append(c.onInterface(way, l), there...)...), original, options)
	if l.Interface != "" && l.Action == policy.Deny {
		return matches // an answer is not refused for the interface it takes
	}
	return append(matches, conntrackEach(match(back...), reply, options)...)
}

// conntrackEach joins other matches with a match of the conversation for each of the options.
func conntrackEach(others, direction string, options []string) []string {
	matches := make([]string, len(options))
	for i, o := range options {
		matches[i] = match(others, conntrack(direction, o))
	}
	return matches
}

// onInterface matches the outside interface of a packet in the original direction.
func (c *compiler) onInterface(way gate.Way, l *gate.Line) []string {
	if l.Interface == "" {
		return nil
	}
	name, err := newInterfaceName(l.Interface)
	c.err = cmp.Or(c.err, err)
	if way == gate.Egress {
		return []string{"-o " + string(name)}
	}
	return []string{"-i " + string(name)}
}
