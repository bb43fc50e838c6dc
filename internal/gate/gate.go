// Package gate turns a policy and a host into what the kernel must enforce, in terms that belong to no backend.
//
// The gate judges conversations, not packets. A conversation is what conntrack knows by its two tuples: the original
// one (client, dialled address, dialled port) and the reply one (who really answers, and on which port). Both
// directions of a conversation are judged by the same chain, so that taking a rule away cuts both at once, answers of
// allowed conversations always pass, and nothing has to be deleted from conntrack (where a deleted entry would be made
// anew by the next answer, the other way round).
//
// There are three dispatches for each address family:
//
//   - Ingress: forwarded conversations begun outside, to a Docker bridge: DNAT, direct routing, swarm's mesh. Looked
//     up by protocol and dialled port (conntrack: original destination port). Nothing found: Default.
//   - Local: conversations begun outside that end on the host itself at a published port: docker-proxy. Looked up by
//     protocol and the host's real port (conntrack: reply source port). Nothing found: the host's own service,
//     untouched. In both, a dialled loopback address is refused whatever the lines say.
//   - Egress: forwarded conversations begun by containers, from a Docker bridge to outside.
//
// Invariants: lines of one chain that refuse come before those that allow; segments of one protocol are sorted and do
// not overlap; equal chains are one *Chain; Compile is pure and its result depends on nothing but its arguments.
package gate

import (
	"net/netip"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// Way is one of the dispatches.
type Way string

// The ways, as Family names them.
const (
	Ingress Way = "ingress"
	Local   Way = "local"
	Egress  Way = "egress"
)

// Gate is what the kernel must enforce.
type Gate struct {
	Bridges []string // Docker's bridges: "inside"; sorted. The loopback interface is inside too.
	Refuse  policy.Refusal
	IPv4    Family
	IPv6    Family
}

// Family is the gate of one address family.
type Family struct {
	Ingress Dispatch
	Local   Dispatch // its chains may have a Scope and may be without lines; it has no Echo and no Other
	Egress  Dispatch // Empty: nothing to look at
}

// Dispatch finds the chain that judges a conversation.
type Dispatch struct {
	Segments []Segment     // tcp, udp, sctp: by port. Sorted by protocol, then port.
	Echo     *Chain        // ICMP echo requests; nil: Other
	Other    *Chain        // everything without a segment, tcp, udp and sctp too; nil: Default (Local: untouched)
	Default  policy.Action // of what no line of its chain decides, and (not Local) of what has no chain
}

// Empty tells whether the dispatch lets everything through without a look.
func (d Dispatch) Empty() bool {
	return len(d.Segments) == 0 && d.Echo == nil && d.Other == nil && d.Default == policy.Allow
}

// Segment is an inclusive range of ports with the chain that judges conversations to them.
type Segment struct {
	Protocol    host.Protocol
	First, Last uint16
	Chain       *Chain
}

// Chain is the lines that judge one kind of conversation: the first that matches decides, else the dispatch's Default.
// Its ID is over the dispatch it stands in and over its lines, with its sets by their ID: it stays while they change,
// and while lines of the policy move. A chain stands in one dispatch only.
type Chain struct {
	ID    string       // 12 hexadecimal digits
	Scope []netip.Addr // Local: the host addresses the port is published on, others are the host's own; empty: all
	Lines []Line
}

// Line matches conversations. What is empty matches everything.
type Line struct {
	Action        policy.Action
	Client        AddressSet // conntrack's original source: ingress the client, egress the container
	Dialled       AddressSet // conntrack's original destination
	Answering     AddressSet // conntrack's reply source: the containers that really answer (ingress, forwarded)
	AnsweringPort uint16     // conntrack's reply source port
	Interface     string     // the outside interface: arrives on (ingress), leaves by (egress); see Judge for answers
	Log           bool
	Rule          RuleRef
	Members       []Member // a merged line: Client is their union, and Rule is empty
}

// Member is the part of a merged line's Client that one rule brought. Many rules that differ only in their client
// become one line, so that their number costs the packet nothing.
type Member struct {
	Range netipx.IPRange // sorted and disjoint over the line; the rule that stands first in the policy has the overlap
	Rule  RuleRef
}

// RuleRef is the policy's sentence that a line came from, in an alphabet that no rule syntax gives a meaning to.
type RuleRef struct {
	Position policy.Position
	Sentence string // canonical: "allow 8123/tcp from office"
	Hash     string // 8 hexadecimal digits over section and sentence
}

// AddressSet is a set of addresses of one family. Its ID is stable while its content changes, so that a large set
// changes by its difference: it is made of the words in the policy ("office except 10.0.0.1") or of a container's name,
// not of the addresses. Sets of one ID are equal within a gate.
// The zero AddressSet matches every address; a set that matches no address makes its line vanish from the gate.
type AddressSet struct {
	ID     string           // 12 hexadecimal digits, "" for the zero set
	Name   string           // for people: "office"
	Ranges []netipx.IPRange // sorted, disjoint, not touching
}

// Any tells whether the set matches every address.
func (s AddressSet) Any() bool { return s.ID == "" }
