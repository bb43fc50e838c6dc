// Package policy is the policy language: it parses policy files and labels into a Policy, prints and edits them with
// comments kept, and says what they mean.
//
// Decide is that meaning: slow, plain, and what every test trusts. Order means nothing: a conversation is refused where
// any deny matches, else allowed where any allow matches, else the section's default decides. The package knows Docker
// hosts (package host) but no rules of any kernel.
package policy

import (
	"fmt"
	"net/netip"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/host"
)

// Policy is one policy, merged from all its files and, after WithLabels, from the containers' labels.
type Policy struct {
	Ingress  []Rule
	Egress   []Rule
	Sets     map[string]*Set
	Defaults Defaults
	Labels   *Labels // nil: labels open nothing
	Tests    []Test
	Backend  string // "auto", "nftables" or "iptables"
	Files    []string
}

// Defaults decide what no rule decides.
type Defaults struct {
	Ingress Action
	Egress  Action
	Refuse  Refusal
}

// Action is what a rule does with what it matches.
type Action uint8

// The actions.
const (
	Deny Action = iota
	Allow
)

func (a Action) String() string {
	if a == Allow {
		return "allow"
	}
	return "deny"
}

// Refusal is how a refused client is treated.
type Refusal uint8

// Reject tells the client (TCP reset, or ICMP port unreachable); Drop says nothing.
const (
	Reject Refusal = iota
	Drop
)

func (r Refusal) String() string {
	if r == Drop {
		return "drop"
	}
	return "reject"
}

// Position is a place in a policy file, or in a label ("container web, label dockwall.allow"). Line and Column count
// from 1, and columns count characters.
type Position struct {
	File   string
	Line   int
	Column int
}

// String is "file:line:column", or only the file where the problem is the whole file.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Section is the half of a policy that a rule stands in.
type Section uint8

// The sections.
const (
	Ingress Section = iota
	Egress
)

// String is the section's key in a policy file.
func (s Section) String() string {
	if s == Egress {
		return "egress"
	}
	return "ingress"
}

// Rule is one sentence.
type Rule struct {
	Section   Section
	Action    Action
	Ports     []PortSet  // empty: all protocols and ports
	From, To  Peers      // ingress: From is addresses, To is containers; egress: the other way round
	Interface string     // "" any
	At        netip.Addr // invalid: any
	Log       bool
	Position  Position
	Label     string // ID of the container whose label this is; "" from a file
	Within    []Peer // for a label: what its sources are cut down to
}

// PortSet is the ports of one protocol. No ranges: the whole protocol.
type PortSet struct {
	Protocol host.Protocol
	Ranges   []PortRange
}

// PortRange is an inclusive range of ports.
type PortRange struct{ First, Last uint16 }

// Peers is one side of a conversation: any of Items (none: any), and none of Except.
type Peers struct {
	Items  []Peer
	Except []Peer
}

// Any tells whether the side is not narrowed at all.
func (p Peers) Any() bool { return len(p.Items) == 0 && len(p.Except) == 0 }

// Peer is an address range, a named set, or containers; exactly one of the fields is set.
type Peer struct {
	Range     netipx.IPRange // valid: an address, a prefix or a range
	Set       string
	Container *ContainerSelector
	Position  Position
}

// ContainerSelector names containers: by name, by compose project and service, by network or by label.
type ContainerSelector struct {
	Name             string
	Project, Service string
	Network          string
	LabelKey         string
	LabelValue       string
	HasLabelValue    bool
	Port             uint16 // the container's own port; 0: any
}

// Set is a name for addresses. Ranges are as written, both families, in order.
type Set struct {
	Name     string
	Ranges   []netipx.IPRange
	File     string // where the addresses came from, "" inline
	Position Position
}

// Labels says what containers may open for themselves.
type Labels struct {
	Within   []Peer // addresses and sets
	Position Position
}

// Test is one sentence of the tests section: "198.51.100.7 cannot reach 8123/tcp".
type Test struct {
	From     Peer
	Can      bool
	To       *netip.Addr // egress: the address to reach
	Protocol host.Protocol
	Port     uint16 // 0 for icmp
	Position Position
}
