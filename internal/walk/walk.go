// Package walk follows one packet through a host as the kernel would: hook by hook, in order of priority over all
// tables of all tools, with conntrack, NAT and routing between them.
//
// It is the plain reference of what the kernel does with a single packet. What it cannot know (a rate, a set that packets
// change, a match that was not understood) it does not guess: the walk then has several ways, each of which is possible.
//
// Chains of one hook and one priority run in the order that the kernel gives them: the one registered last runs first
// (net/netfilter/core.c, nf_hook_entries_grow). Tables and chains are taken to have been registered in the order of the
// model, iptables-legacy's before all others, because no listing tells. The order among equals matters only where two of
// them refuse the same packet (which rule did), translate it (the first one does), or where one sets a mark that the
// other reads.
//
// A later packet meets the conntrack mark that the first one left: what answers do to the mark is not followed.
//
// Not looked at: clashes of ports in NAT (a free one is taken for granted), IPsec, VRFs, flow tables, bridge, arp and
// netdev chains, and the size of packets.
package walk

import (
	"github.com/dockwall/dockwall/internal/netfilter"
)

// Moment is which packet of a conversation is followed.
type Moment uint8

// The moments.
const (
	First  Moment = iota // the packet that begins the conversation
	Later                // the next one of who began it, after an answer that left the conntrack mark alone
	Answer               // the other side's first answer
)

func (m Moment) String() string { return [...]string{"first", "later", "answer"}[m] }

// Question is what to follow: a conversation's first packet as it arrives (or with In "" as this host makes it), and which
// of the conversation's packets is meant. TTL 0 stands for 64, TCPFlags 0 for SYN. A Length of 0 and a SourceMAC of
// zeroes are not known. A packet of this host without a Source gets the one that the kernel would choose.
type Question struct {
	netfilter.Packet
	Moment Moment
	// Assume takes an established conversation for granted although the rules may refuse its first packet now: it has the
	// NAT that the rules give it. For Later and Answer only.
	Assume bool
	// Mark is the first packet's mark as it arrives (0), or as the socket that makes it sets it.
	Mark uint32
	// Owner is who makes the packet if this host does; nil: not known.
	Owner *Owner
}

// Owner is the user and the group that a socket belongs to.
type Owner struct{ User, Group uint32 }

// Trace is all that can happen to a packet.
type Trace struct {
	Question Question
	// First is the walk of the conversation's first packet, for Later and Answer; nil for First.
	First *Trace
	// Ways are what can happen. One way: that happens. Several: each is possible. None: there is no such packet, because
	// the conversation's first packet does not pass (see First).
	Ways []Way
}

// Way is one thing that can happen to the packet. Ways that end alike are one: its steps are those of one of them.
type Way struct {
	Packet  netfilter.Packet // as it sets out: for an Answer, the answer
	Steps   []Step
	End     End
	Because []string // sentences: what it takes for true of the things that are not known
	// Sure tells that nothing was met that is not known: the steps are certain, not only the end.
	Sure bool
	// Conversation is what conntrack keeps after the packet, nil where it is not tracked.
	Conversation *Conversation
}

// Conversation is a conntrack entry: who dialled whom, and who answers whom.
type Conversation struct {
	Original, Reply Tuple
	Status          uint32 // netfilter.Status*
	Mark            uint32
}

// StepKind is what kind of thing happened.
type StepKind uint8

// The kinds of steps.
const (
	RulePassed    StepKind = iota // a rule was met and did not match
	RuleMatched                   // a rule matched: all of its actions were taken
	PolicyApplied                 // the end of a base chain
	Conntrack                     // conntrack looked at the packet
	Translated                    // NAT changed it
	Routed                        // a route was chosen, or none was found
	Looped                        // a packet of the host to itself came back over the loopback interface
)

// Step is one thing that happened to the packet. Packets are shared between steps: they must not be changed.
type Step struct {
	Kind          StepKind
	Hook          netfilter.Hook
	Chain         *netfilter.Chain  // nil where no chain did it
	Rule          *netfilter.Rule   // nil where no rule did it
	Before, After *netfilter.Packet // the same where nothing was changed
	Mark          uint32            // after it
	Out           string            // the outgoing interface, "" before routing
	Text          string            // for people: "new", "10.0.0.2 leaves by eth1", "accept"
}

// EndKind is what became of a packet.
type EndKind uint8

// The ends.
const (
	Unknown   EndKind = iota // it cannot be said; With says why
	Delivered                // to this host itself: input let it in
	Forwarded                // it leaves by Out: routed or bridged through, or made by this host
	Dropped                  // by a rule or a policy, or by the kernel (Rule and Chain nil, With says why)
	Rejected                 // by a rule; With says what answers
	NoRoute                  // there is no way to the destination, or the kernel does not go it; With says why
)

func (k EndKind) String() string {
	return [...]string{"unknown", "delivered", "forwarded", "dropped", "rejected", "no route"}[k]
}

// End is the end of a way.
type End struct {
	Kind   EndKind
	Hook   netfilter.Hook   // where it ended
	Chain  *netfilter.Chain // whose rule or policy ended it; nil where none did
	Rule   *netfilter.Rule  // nil where a policy or the kernel ended it
	Packet netfilter.Packet // the header at the end
	Mark   uint32           // the packet's mark at the end
	Out    string           // where it left, or would have left where that was known
	With   string           // of Rejected: the answer ("icmp-port-unreachable"); else why
}

// Passes tells whether the packet got where it was going.
func (e End) Passes() bool { return e.Kind == Delivered || e.Kind == Forwarded }

// Follow says all that can happen to the packet.
func (w *Walker) Follow(q Question) *Trace {
	t := &Trace{Question: q}
	if q.Moment == First {
		t.Ways = present(w.explore(start{packet: w.complete(&q), question: &q}))
		return t
	}
	first := q
	first.Moment = First
	begun := w.explore(start{packet: w.complete(&first), question: &first, assume: q.Assume})
	t.First = &Trace{Question: first, Ways: present(begun)}
	t.Ways = w.followed(q, begun)
	return t
}
