package netfilter

import "net/netip"

// Step is one thing that a rule does: a Match or an Action.
type Step interface{ step() }

// Match is a step that lets the packet go on in the rule, or not. A match on a field that the packet does not have (the
// port of an ICMP message, the conntrack entry of an untracked packet) never lets it go on, negated or not, except where
// Field says otherwise.
type Match interface {
	Step
	match()
}

// Test looks at one numeric field: (value & Mask) must be in Values, or with Negate must not.
type Test struct {
	Field  Field
	Mask   Number // AllOnes where the tool names none
	Values Ranges
	Negate bool
}

// InterfaceTest looks at the name of an interface. A packet without that interface has the name "".
type InterfaceTest struct {
	Field  Field // InInterface, OutInterface, PhysicalIn, PhysicalOut
	Names  []InterfaceName
	Negate bool
}

// InterfaceName is a name, or with Prefix the beginning of names ("docker+" in iptables, "docker*" in nft).
type InterfaceName struct {
	Name   string
	Prefix bool
}

// Fits tells whether an interface's name is meant.
func (n InterfaceName) Fits(name string) bool {
	return name == n.Name || n.Prefix && len(name) >= len(n.Name) && name[:len(n.Name)] == n.Name
}

// Lookup looks for a packet's fields in a set. The fields stand in the order of the set's.
type Lookup struct {
	Fields []FieldUse
	Set    *Set
	Negate bool
}

// FieldUse is a field as a lookup or an action reads it: value & Mask.
type FieldUse struct {
	Field Field
	Mask  Number
}

// Either matches where one of its alternatives does: all matches of one list.
type Either struct {
	Alternatives [][]Match
	Negate       bool
}

// Undecided is a match of which it is not known whether it lets a packet go on: one that was not understood, or one that
// hangs on what no snapshot has (a rate, the time of day, who was seen before).
type Undecided struct {
	Text   string // as its tool prints it
	Reason string // for people: "the rate is not known", "dockwall does not know the match foo"
	// Understood tells the second kind: nothing is wrong with the parser.
	Understood bool
}

// Action is a step that does something.
type Action interface {
	Step
	action()
}

// Verdict ends the rule.
type Verdict struct {
	Kind  VerdictKind
	Chain string // of Jump and Goto: a chain of the same table
	// With says how Reject answers: "icmp-port-unreachable", "tcp-reset", "icmpv6-adm-prohibited", ... in iptables' words.
	With string
}

// VerdictKind is what a verdict does.
type VerdictKind uint8

// The verdicts. Accept ends the base chain, and the packet goes on to the next; Drop and Reject end the packet.
const (
	Continue VerdictKind = iota // go on with the next rule
	Accept
	Drop
	Reject
	Return
	Jump
	Goto
	Queue // to a program: what it says is not known
	Stolen
)

// VerdictMap takes the verdict that a set has for a packet's fields; without one the rule does not match.
type VerdictMap struct {
	Fields []FieldUse
	Set    *Set // its elements have a Verdict
}

// NAT translates an address, a port or both, for the whole conversation, and ends the nat chain.
type NAT struct {
	Kind NATKind
	// First and Last are the addresses to choose from; invalid: the address stays (or, for Masquerade and Redirect, is the
	// interface's own). They are equal for one address.
	First, Last netip.Addr
	// FirstPort and LastPort are the ports to choose from; 0: the port stays where it can.
	FirstPort, LastPort uint16
	// BasePort shifts a range of ports: dport - BasePort + FirstPort (iptables' third number, nft's map of ranges); 0: no.
	BasePort uint16
	// Map holds the targets where they hang on the packet's fields; its elements have Target. nil: as above.
	Map    *Set
	Fields []FieldUse
	Text   string // flags that do not change where packets go: "persistent", "random"
}

// NATKind is what a NAT action changes.
type NATKind uint8

// The kinds.
const (
	DNAT NATKind = iota
	SNAT
	Masquerade
	Redirect
	Netmap // the address within First/Last as a prefix keeps its host part
)

// SetField changes what later rules see: field = (field &^ Mask) ^ Value, or with From = (From's value & FromMask).
type SetField struct {
	Field Field // Mark, ConntrackMark, DSCP, ...
	Mask  Number
	Value Number
	From  Field  // NoField: Value counts
	Of    Number // the mask on From's value
}

// NoTrack keeps conntrack from seeing the packet (only before conntrack's own hook).
type NoTrack struct{}

// Note is an action that no verdict hangs on: a log, a counter, a change of the window size.
type Note struct{ Text string }

// AddToSet puts a packet's fields into a set, or takes them out. What the set held for later packets is not known.
type AddToSet struct {
	Set  string
	Text string
}

// Unclear is an action that was not understood: what happens to the packet after it is not known.
type Unclear struct{ Text, Reason string }

func (Test) step()          {}
func (InterfaceTest) step() {}
func (Lookup) step()        {}
func (Either) step()        {}
func (Undecided) step()     {}
func (Verdict) step()       {}
func (VerdictMap) step()    {}
func (NAT) step()           {}
func (SetField) step()      {}
func (NoTrack) step()       {}
func (Note) step()          {}
func (AddToSet) step()      {}
func (Unclear) step()       {}

func (Test) match()          {}
func (InterfaceTest) match() {}
func (Lookup) match()        {}
func (Either) match()        {}
func (Undecided) match()     {}

func (Verdict) action()    {}
func (VerdictMap) action() {}
func (NAT) action()        {}
func (SetField) action()   {}
func (NoTrack) action()    {}
func (Note) action()       {}
func (AddToSet) action()   {}
func (Unclear) action()    {}
