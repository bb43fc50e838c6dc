package nftables

import (
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// collector makes lines of rules and elements. Rules of one chain with the same comment and verdict are one line, and
// so are elements of one set.
type collector struct {
	*reading
	ports   map[chainName][]backend.Ports
	lines   []backend.Line
	known   map[lineKey]int // place in lines
	counted map[setName]bool
}

// lineKey is what the rules and elements of one line have in common.
type lineKey struct {
	origin string // the chain or the set
	action policy.Action
	hash   string
	rest   bool // of no port in particular
}

// template is a line with what the names of its chain say.
func template(m []string) backend.Line {
	return backend.Line{Family: int(m[2][0] - '0'), Way: gate.Way(m[1])}
}

func (c *collector) addDefault(name chainName, m []string) {
	for _, r := range c.chains[name].rules {
		if action, ok := r.action(); ok && r.comment == defaultComment {
			line := template(m)
			line.Default, line.Action, line.Packets, line.Bytes = true, action, r.packets, r.bytes
			c.lines = append(c.lines, line)
		}
	}
}

// action is what a rule does with what it matches; not ok: it decides nothing.
func (r *ruleReading) action() (a policy.Action, ok bool) {
	switch r.verdict {
	case "accept":
		return policy.Allow, true
	case "drop", "goto refuse":
		return policy.Deny, true
	}
	return 0, false
}

func (c *collector) addSlot(name chainName, m []string) {
	line := template(m)
	switch m[3] {
	case "echo":
		line.Ports = []backend.Ports{{Protocol: host.ICMP}}
	case "other":
	default:
		if line.Ports = c.ports[name]; len(line.Ports) == 0 {
			return // nothing leads there: not in force
		}
	}
	for i := range c.chains[name].rules {
		c.addRule(name, line, &c.chains[name].rules[i])
	}
}

func (c *collector) addRule(name chainName, line backend.Line, r *ruleReading) {
	action, ok := r.action()
	if !ok {
		return
	}
	line.Action = action
	if ref, ok := r.comment.rule(); ok {
		c.add(string(name), line, ref, r.count)
	}
	for _, lookup := range r.lookups {
		if s := c.sets[lookup]; s != nil && strings.HasPrefix(string(lookup), membersPrefix) {
			c.addMembers(lookup, line, s)
		}
	}
}

// addMembers adds the members of a merged line. A set may be used in several chains, and counts for all of them.
func (c *collector) addMembers(name setName, line backend.Line, s *setReading) {
	counted := c.counted[name]
	c.counted[name] = true
	for _, e := range s.elements {
		if ref, ok := e.comment.rule(); ok {
			if counted {
				e.count = count{}
			}
			c.add(string(name), line, ref, e.count)
		}
	}
}

// addCrowds adds the elements of the sets that a dispatch looks up before its ports.
func (c *collector) addCrowds(dispatch chainName, m []string) {
	line := template(m)
	for _, r := range c.chains[dispatch].rules {
		action, ok := r.action()
		if !ok || len(r.lookups) != 1 {
			continue
		}
		line.Action = action
		of, s := crowdNames.FindStringSubmatch(string(r.lookups[0])), c.sets[r.lookups[0]]
		if of != nil && s != nil {
			c.addCrowd(r.lookups[0], line, protocolNamed(of[1]), s)
		}
	}
}

func (c *collector) addCrowd(name setName, line backend.Line, p host.Protocol, s *setReading) {
	for _, e := range s.elements {
		ref, ok := e.comment.rule()
		port, err := e.first.crowdPort()
		if ok && err == nil {
			line.Ports = []backend.Ports{{Protocol: p, First: port, Last: port}}
			c.add(string(name), line, ref, e.count)
		}
	}
}

// add adds a line that came from a rule of the policy, or adds to the line of the same origin. What has no ports stands
// for all other ports, and stays a line of its own.
func (c *collector) add(origin string, line backend.Line, ref gate.RuleRef, n count) {
	key := lineKey{origin, line.Action, ref.Hash, len(line.Ports) == 0}
	i, known := c.known[key]
	if !known {
		line.Rule, line.Packets, line.Bytes = ref, n.packets, n.bytes
		line.Ports = slices.Clone(line.Ports)
		c.known[key] = len(c.lines)
		c.lines = append(c.lines, line)
		return
	}
	old := &c.lines[i]
	old.Packets += n.packets
	old.Bytes += n.bytes
	old.Ports = slices.Compact(slices.SortedFunc(slices.Values(append(old.Ports, line.Ports...)), comparePorts))
}
