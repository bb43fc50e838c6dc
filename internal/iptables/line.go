package iptables

import (
	"cmp"
	"fmt"
	"slices"
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

// directed are matches of sets in each direction of a conversation: a set knows only the packet's own addresses.
type directed struct{ there, back []string }

func (d *directed) add(set, there, back string) {
	if m := matchSet(set, there); !slices.Contains(d.there, m) {
		d.there, d.back = append(d.there, m), append(d.back, matchSet(set, back))
	}
}

// sides are what a line asks of the addresses and ports of a conversation: any of the options of -m conntrack, and all
// of the sets.
//
// After Docker's DNAT no packet carries the dialled address. A large set of dialled addresses is therefore compared only
// where nothing was rewritten, which is so for containers' own addresses and for what containers dial.
func (c *compiler) sides(l *gate.Line) (options []string, sets directed) {
	options = []string{""}
	if set := c.addresses(l.Client, l); set.name != "" {
		sets.add(set.name, "src", "dst")
	} else {
		options = each(options, "--ctorigsrc ", set.prefixes)
	}
	if set := c.addresses(l.Dialled, nil); set.name != "" {
		sets.add(set.name, "dst", "src")
		options = each(options, "! --ctstate ", []string{"DNAT"})
	} else {
		options = each(options, "--ctorigdst ", set.prefixes)
	}
	if set := c.addresses(l.Answering, nil); set.name != "" {
		sets.add(set.name, "dst", "src")
	} else {
		options = each(options, "--ctreplsrc ", set.prefixes)
	}
	if l.AnsweringPort != 0 {
		options = each(options, "--ctreplsrcport ", []string{fmt.Sprint(l.AnsweringPort)})
	}
	return options, sets
}

// each gives every one of options a further one with each of the values; no values: nothing is asked.
func each(options []string, word string, values []string) []string {
	if len(values) == 0 {
		return options
	}
	var all []string
	for _, o := range options {
		for _, v := range values {
			all = append(all, match(o, word+v))
		}
	}
	return all
}

// addresses is an address set in the form in which rules match it.
type addresses struct {
	prefixes []string // few, or none: any address
	name     string   // of the ipset, where they are many
}

// addresses finds the form of a set. merged is the line whose Client it is, if any: what its members are counted in is
// a set, however small.
func (c *compiler) addresses(s gate.AddressSet, merged *gate.Line) addresses {
	if s.Any() {
		return addresses{}
	}
	if a, known := c.forms[s.ID]; known {
		return a
	}
	var a addresses
	if merged != nil && len(merged.Members) > 0 {
		a.name = c.useSet(c.memberSet(merged))
	} else if a.prefixes = prefixKeys(s.Ranges); len(a.prefixes) > fewPrefixes {
		a = addresses{name: c.useSet(c.addressSet(a.prefixes))}
	}
	c.forms[s.ID] = a
	return a
}
