package iptables

import (
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// The directions of a packet in its conversation.
const (
	original = "--ctdir ORIGINAL"
	reply    = "--ctdir REPLY"
)

// forward makes the chain for forwarded packets. What has nothing to do with a bridge leaves it after two look-ups.
func (c *compiler) forward(f *gate.Family, bridges []ipset) {
	if len(bridges) == 0 {
		c.root(forwardChain, nil)
		return
	}
	ingress, egress := c.dispatch(gate.Ingress, f.Ingress), ""
	if !f.Egress.Empty() {
		egress = c.dispatch(gate.Egress, f.Egress)
	}
	towards, away := c.towards(bridges, ingress, egress), c.away(ingress, egress)
	var rules []rule
	for _, b := range bridges {
		rules = append(rules, rule{match: matchSet(b.name, "dst,dst"), target: "-g " + towards})
	}
	for _, b := range bridges {
		rules = append(rules, rule{match: matchSet(b.name, "src,src"), target: "-g " + away})
	}
	c.root(forwardChain, rules)
}

// towards makes the chain for packets that leave by a bridge: conversations begun outside, and answers to those that
// containers began.
func (c *compiler) towards(bridges []ipset, ingress, egress string) string {
	rules := []rule{{match: "-i lo", target: "-j RETURN"}}
	for _, b := range bridges {
		rules = append(rules, rule{match: matchSet(b.name, "src,src"), comment: remark("between containers"), target: "-j RETURN"})
	}
	rules = append(rules,
		rule{match: conntrack("--ctstate INVALID,UNTRACKED"), comment: remark("no conversation"), target: "-j DROP"},
		rule{match: match(c.icmp, conntrack("--ctstate RELATED")), target: "-j RETURN"},
		rule{match: conntrack(original), target: "-g " + ingress})
	if egress != "" {
		rules = append(rules, rule{match: conntrack(reply), target: "-g " + egress})
	}
	return c.add("in", rules)
}

// away makes the chain for packets that came in by a bridge and leave by no bridge: answers to conversations begun
// outside, and conversations that containers begin.
func (c *compiler) away(ingress, egress string) string {
	rules := []rule{
		{match: "-o lo", target: "-j RETURN"},
		{match: match(c.icmp, conntrack("--ctstate RELATED")), target: "-j RETURN"},
		{match: conntrack(reply), target: "-g " + ingress},
	}
	if egress != "" {
		rules = append(rules, rule{match: conntrack(original), target: "-g " + egress})
	}
	return c.add("out", rules)
}

// local makes the chains for what ends on the host itself at a published port, and for the answers.
func (c *compiler) local(f *gate.Family, bridges []ipset) {
	if len(f.Local.Segments) == 0 {
		c.root(inputChain, nil)
		c.root(outputChain, nil)
		return
	}
	input, output := []rule{{match: "-i lo", target: "-j RETURN"}}, []rule{{match: "-o lo", target: "-j RETURN"}}
	for _, b := range bridges {
		input = append(input, rule{match: matchSet(b.name, "src,src"), target: "-j RETURN"})
		output = append(output, rule{match: matchSet(b.name, "dst,dst"), target: "-j RETURN"})
	}
	input = append(input, rule{match: conntrack("--ctstate INVALID,UNTRACKED"), target: "-g " + c.stray(f.Local.Segments)})
	for _, t := range c.trees(gate.Local, f.Local, "") {
		input = append(input, rule{match: match(t.match, conntrack(original)), target: t.target})
		output = append(output, rule{match: match(t.match, conntrack(reply)), target: t.target})
	}
	c.root(inputChain, input)
	c.root(outputChain, output)
}

// stray makes the chain for packets without a conversation: they are dropped at published ports.
func (c *compiler) stray(segments []gate.Segment) string {
	var rules []rule
	for _, some := range byProtocol(segments) {
		ports := c.useSet(portSet(some))
		rules = append(rules, rule{match: match("-p "+some[0].Protocol.String(), matchSet(ports, "dst")),
			comment: remark("no conversation"), target: "-j DROP"})
	}
	return c.add("stray", rules)
}

// byProtocol parts segments, which are sorted, by their protocol.
func byProtocol(segments []gate.Segment) [][]gate.Segment {
	var parts [][]gate.Segment
	last := host.Protocol(0)
	for _, s := range segments {
		if s.Protocol != last {
			parts = append(parts, nil)
			last = s.Protocol
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], s)
	}
	return parts
}

// refuse is the target that refuses.
func (c *compiler) refuse() string {
	if c.gate.Refuse == policy.Drop {
		return "-j DROP"
	}
	return "-g " + c.add("refuse", []rule{
		{match: "-p tcp", target: "-j REJECT --reject-with tcp-reset"},
		{target: "-j REJECT --reject-with " + c.unreachable},
	})
}

func matchSet(name, flags string) string { return "-m set --match-set " + name + " " + flags }
