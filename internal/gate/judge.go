package gate

import (
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// Tuple is a packet of a conversation, by what conntrack knows of the conversation.
type Tuple struct {
	Way           Way           // the dispatch that its packets meet
	Protocol      host.Protocol // host.ICMP: an echo
	Client        netip.Addr    // original source
	Dialled       netip.Addr    // original destination
	DialledPort   uint16        // original destination port; 0 for echo
	Answering     netip.Addr    // reply source: the container, or (Local) the host's own address
	AnsweringPort uint16        // reply source port: the container's own, or (Local) the host's real one
	Interface     string        // the outside interface that the packet arrives on or leaves by
	Reply         bool          // the packet is an answer
}

// Verdict is what a gate says of a packet.
type Verdict struct {
	Judged  bool // false: no business of the gate; it passes
	Allowed bool
	Line    *Line   // that decided; nil: Default, or a dialled loopback address
	Rule    RuleRef // of the line, or of its member
}

// Judge is what a gate says of a packet: the meaning of a gate, in plain words, which every backend has to match. Both
// directions of a conversation meet the same chain; how they differ is in Line.matches.
func (g *Gate) Judge(t Tuple) Verdict {
	d := g.dispatch(t)
	chain := d.find(t)
	if t.Way == Local && (chain == nil || !chain.scoped(t.Answering)) {
		return Verdict{Allowed: true}
	}
	if t.Way != Egress && t.Dialled.IsLoopback() {
		return Verdict{Judged: true} // whatever the rules say: what is published on loopback is for the host alone
	}
	if chain != nil {
		for i := range chain.Lines {
			if l := &chain.Lines[i]; l.matches(t) {
				return Verdict{Judged: true, Allowed: l.Action == policy.Allow, Line: l, Rule: l.ruleOf(t.Client)}
			}
		}
	}
	return Verdict{Judged: true, Allowed: d.Default == policy.Allow}
}

func (g *Gate) dispatch(t Tuple) Dispatch {
	f := g.IPv4
	if t.Dialled.Is6() {
		f = g.IPv6
	}
	switch t.Way {
	case Local:
		return f.Local
	case Egress:
		return f.Egress
	}
	return f.Ingress
}

// find is the chain that judges a packet; nil: none.
func (d Dispatch) find(t Tuple) *Chain {
	port := t.DialledPort
	if t.Way == Local {
		port = t.AnsweringPort
	}
	if t.Protocol == host.ICMP && d.Echo != nil {
		return d.Echo
	}
	i := slices.IndexFunc(d.Segments, func(s Segment) bool {
		return s.Protocol == t.Protocol && s.First <= port && port <= s.Last
	})
	if i < 0 {
		return d.Other
	}
	return d.Segments[i].Chain
}

// scoped tells whether a chain of Local judges what ends on an address of the host.
func (c *Chain) scoped(local netip.Addr) bool {
	return len(c.Scope) == 0 || slices.Contains(c.Scope, local)
}

// matches tells whether a line decides a packet. Answers may take another way than they came: what is allowed on one
// interface is allowed to be answered on any, and an answer is not refused for the interface it takes.
func (l *Line) matches(t Tuple) bool {
	onInterface := l.Interface == "" || l.Interface == t.Interface
	if t.Reply && l.Interface != "" {
		onInterface = l.Action == policy.Allow
	}
	return onInterface &&
		l.Client.Contains(t.Client) &&
		l.Dialled.Contains(t.Dialled) &&
		l.Answering.Contains(t.Answering) &&
		(l.AnsweringPort == 0 || l.AnsweringPort == t.AnsweringPort)
}

// ruleOf is the rule that a line has its action for a client from.
func (l *Line) ruleOf(client netip.Addr) RuleRef {
	for _, m := range l.Members {
		if m.Range.Contains(client.WithZone("")) {
			return m.Rule
		}
	}
	return l.Rule
}
