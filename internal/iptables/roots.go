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

// forward makes the chain for forwarded packets. What has nothing to do with a bridge leaves it at once.
func (c *compiler) forward(f *gate.Family, bridges []interfaceName) {
	if len(bridges) == 0 {
		c.root(forwardChain, nil)
		return
	}
	ingress, egress := c.dispatch(gate.Ingress, f.Ingress), ""
	if !f.Egress.Empty() {
		egress = c.dispatch(gate.Egress, f.Egress)
	}
	towards := c.add("in", append([]rule{{match: "-i lo", target: "-j RETURN"}},
		c.isBridge("-i", bridges, "-j RETURN", "-g "+c.towards(ingress, egress))...))
	away := c.add("out", append([]rule{{match: "-o lo", target: "-j RETURN"}},
		c.isBridge("-i", bridges, "-g "+c.away(ingress, egress), "-j RETURN")...))
	c.root(forwardChain, c.isBridge("-o", bridges, "-g "+towards, "-g "+away))
}

// towards makes the chain for packets that came in outside and leave by a bridge: conversations begun outside, and
// answers to those that containers began.
func (c *compiler) towards(ingress, egress string) string {
	rules := []rule{
		{match: conntrack("--ctstate INVALID,UNTRACKED"), comment: remark("no conversation"), target: "-j DROP"},
		{match: match(c.icmp, conntrack("--ctstate RELATED")), target: "-j RETURN"},
		{match: conntrack(original), target: "-g " + ingress},
	}
	if egress != "" {
		rules = append(rules, rule{match: conntrack(reply), target: "-g " + egress})
	}
	return c.add("begin", rules)
}

// away makes the chain for packets that came in by a bridge and leave by no bridge: answers to conversations begun
// outside, and conversations that containers begin.
func (c *compiler) away(ingress, egress string) string {
	rules := []rule{
		{match: match(c.icmp, conntrack("--ctstate RELATED")), target: "-j RETURN"},
		{match: conntrack(reply), target: "-g " + ingress},
	}
	if egress != "" {
		rules = append(rules, rule{match: conntrack(original), target: "-g " + egress})
	}
	return c.add("begin", rules)
}

// local makes the chains for what ends on the host itself at a published port, and for the answers.
func (c *compiler) local(f *gate.Family, bridges []interfaceName) {
	if len(f.Local.Segments) == 0 {
		c.root(inputChain, nil)
		c.root(outputChain, nil)
		return
	}
	input := []rule{{match: conntrack("--ctstate INVALID,UNTRACKED"), target: "-g " + c.stray(f.Local.Segments)}}
	// What REJECT sends for a packet of a conversation is related to it, and must reach the client.
	output := []rule{{match: conntrack("--ctstate RELATED"), target: "-j RETURN"}}
	for _, t := range c.trees(gate.Local, f.Local, "") {
		input = append(input, rule{match: match(t.match, conntrack(original)), target: t.target})
		output = append(output, rule{match: match(t.match, conntrack(reply)), target: t.target})
	}
	c.root(inputChain, append([]rule{{match: "-i lo", target: "-j RETURN"}},
		c.isBridge("-i", bridges, "-j RETURN", "-g "+c.add("begin", input))...))
	c.root(outputChain, append([]rule{{match: "-o lo", target: "-j RETURN"}},
		c.isBridge("-o", bridges, "-j RETURN", "-g "+c.add("begin", output))...))
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
	return "-g " + c.add("refuse", c.rejects(comment{}))
}

// rejects are the rules that refuse, with a comment.
func (c *compiler) rejects(why comment) []rule {
	if c.gate.Refuse == policy.Drop {
		return []rule{{comment: why, target: "-j DROP"}}
	}
	return []rule{
		{match: "-p tcp", comment: why, target: "-j REJECT --reject-with tcp-reset"},
		{comment: why, target: "-j REJECT --reject-with " + c.unreachable},
	}
}

func matchSet(name, flags string) string { return "-m set --match-set " + name + " " + flags }
