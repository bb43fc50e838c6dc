// Package reach follows all packets at once through a host: every packet that can arrive on an interface, or that the
// host can make, hook by hook through the rules of all tools, with conntrack, NAT and routing between them. It says
// exactly which packets end where.
//
// Packets are held as sets (package packetset) of headers as they arrive. Where a rule gives packets another header
// (DNAT, a mark) their set goes on by itself, with the changed fields as readings of the arriving ones: mostly
// constants, so that later rules on them are decided without looking at the set.
//
// What the model does not decide is an unknown in the sets: Set.Certainly and Set.Possibly tell the two apart.
//
// Packets here are whole (conntrack puts fragments together before any rule) and belong to no conversation that the host
// has seen before, unless the Moment says so. Chains of one hook and one priority run as the kernel has it, the one
// registered last first (net/netfilter/core.c, nf_hook_entries_grow), where tables are taken to have been registered in
// the order of the model and those of iptables-legacy before all others. Bridge, arp and netdev chains are not looked at.
//
// It shares no code with package walk, which follows one packet: they check one another.
package reach

import (
	"net/netip"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// Moment is which packet of a conversation is followed.
type Moment uint8

// The moments. Later and Answer take an established conversation for granted, also where its first packet is refused
// now, with the NAT that the rules give it.
const (
	First  Moment = iota // the packet that begins it
	Later                // a later one of who began it, after the other side answered
	Answer               // the other side's answers
)

// Kind is what became of packets.
type Kind uint8

// The ends.
const (
	Unknown   Kind = iota // it cannot be said; With says why
	Delivered             // to the host itself: input let them in
	Forwarded             // they leave by Out
	Dropped               // by a rule or a policy
	Rejected              // by a rule; With says what answers
	NoRoute               // there is no way to the destination, or the kernel does not go it; With says why
)

func (k Kind) String() string {
	return [...]string{"unknown", "delivered", "forwarded", "dropped", "rejected", "no route"}[k]
}

// Passes tells whether packets get where they were going.
func (k Kind) Passes() bool { return k == Delivered || k == Forwarded }

// Flow is packets that end alike. The flows of one question do not overlap, and together are all packets asked for
// (Later and Answer: all whose first packet gives a conversation).
type Flow struct {
	// Packets are the headers as they arrive, before NAT; for Later and Answer those of the conversation's first packet.
	Packets packetset.Set
	Kind    Kind
	Hook    netfilter.Hook
	Chain   *netfilter.Chain // whose rule or policy ended them; nil where none did
	Rule    *netfilter.Rule  // nil: the chain's policy, one of several rules, or none
	// Several: one of several rules of a long chain ended them, which are not told apart. Follow an example to know which.
	Several bool
	With    string
	In, Out string // of the packets followed: an Answer comes in where its first packet went out
	// Destination and DestinationPort are what NAT made of them, Source and SourcePort likewise; invalid and 0 where they
	// are as they arrived, or not one value for all.
	Source, Destination         netip.Addr
	SourcePort, DestinationPort uint16
}

// Analysis answers questions about one host. It is for one goroutine at a time.
type Analysis struct {
	machine *netfilter.Machine
	plans   map[netfilter.Family]*plan
	alone   map[netfilter.Family]*plan // for chains that are judged by themselves
}

// New prepares an analysis. Nothing of the machine may change while it is in use.
func New(m *netfilter.Machine) *Analysis {
	return &Analysis{machine: m, plans: map[netfilter.Family]*plan{}, alone: map[netfilter.Family]*plan{}}
}

// Space is where the sets of packets of a family live, IPv4 or IPv6.
func (a *Analysis) Space(f netfilter.Family) *packetset.Space { return a.plan(f).space }

// Doubts are sentences about rules that could not be read. Where there are any, nothing is certain: a part of every
// question's packets is Unknown.
func (a *Analysis) Doubts() []string { return a.machine.Rules.Unread }

func (a *Analysis) plan(f netfilter.Family) *plan {
	if a.plans[f] == nil {
		a.plans[f] = newPlan(a.machine, f)
	}
	return a.plans[f]
}

// Arriving follows the packets within a set that arrive on an interface, or with in "" that the host makes.
func (a *Analysis) Arriving(in string, f netfilter.Family, within packetset.Set, moment Moment) []Flow {
	return a.Towards(nil, in, f, within, moment)
}

// Towards is Arriving for conversations whose first packets leave by one of some interfaces, or with "" among them are for
// the host itself. Others are in no flow where routing sends them elsewhere: the rules that only they meet cost nothing.
func (a *Analysis) Towards(outs []string, in string, f netfilter.Family, within packetset.Set, moment Moment) []Flow {
	p := a.plan(f)
	if moment != First {
		return p.established(in, within, outs, moment)
	}
	r := newRun(p, First)
	r.outs = outs
	r.begin(in, r.doubt(within))
	return r.flows
}

// Conversations follows first packets as Towards does, and the answers of all that get where they were going.
func (a *Analysis) Conversations(outs []string, in string, f netfilter.Family, within packetset.Set) (firsts, answers []Flow) {
	r := newRun(a.plan(f), First)
	r.outs, r.keeps = outs, true
	r.begin(in, r.doubt(within))
	back := newRun(r.plan, Answer)
	for _, s := range r.passed.states {
		back.next(in, s)
	}
	return r.flows, back.flows
}
