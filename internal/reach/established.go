package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// established follows later packets of the conversations that first packets within a set begin. What could not be read
// or followed of the first packets stays Unknown.
func (p *plan) established(in string, within packetset.Set, m Moment, doubts []Flow) []Flow {
	began := newRun(p, First)
	began.assume = true
	began.begin(in, within)
	r := newRun(p, m)
	for _, f := range append(doubts, began.flows...) {
		if f.Kind == Unknown {
			r.add(f)
		}
	}
	for _, s := range began.passed.states {
		r.next(in, s)
	}
	return r.flows
}

// next follows a packet of the conversations whose first packets came through as a state says.
func (r *run) next(in string, s state) {
	switch {
	case s.track == untracked:
		r.end(s, Flow{Kind: Unknown, With: "without conntrack, packets belong to no conversation"})
	case !s.track.hasEntry():
	case r.moment == Later:
		h := first(in)
		h.inherit(s.header, established)
		r.start(state{s.packets, r.intern(h)})
	default:
		for _, a := range r.answers(s.packets) {
			h := *s.header
			r.start(state{a.packets, r.intern(h.answer(a.icmpType))})
		}
	}
}

// inherit takes over what a conversation's entry says.
func (h *header) inherit(from *header, as tracking) {
	h.finds, h.entry, h.ctmark, h.natted = as, from.entry, from.ctmark, from.natted
	h.sourceDone, h.destDone = from.sourceDone, from.destDone
}

// answer is the header of the other side's packets as they arrive, or as the host makes them.
func (h *header) answer(icmpType value) header {
	in := h.out
	if h.looped {
		in = ""
	}
	a := first(in)
	a.inherit(h, answering)
	a.addresses = addresses{source: h.entry.destination, destination: h.entry.source, sport: h.entry.dport, dport: h.entry.sport}
	a.dscp, a.ttl, a.icmpType = unspecified, unspecified, icmpType
	return a
}

// answered is packets whose ICMP answers have one type.
type answered struct {
	packets  packetset.Set
	icmpType value
}

// answers takes ICMP requests apart by the type that answers them (invmap of nf_conntrack_proto_icmp.c and ...icmpv6.c).
func (r *run) answers(packets packetset.Set) []answered {
	pairs := [][2]uint64{{8, 0}, {13, 14}, {15, 16}, {17, 18}}
	if r.family == netfilter.IPv6 {
		pairs = [][2]uint64{{128, 129}, {139, 140}}
	}
	icmp := r.space.ICMP()
	list := []answered{{packets.Minus(icmp), absent}}
	for _, pair := range pairs {
		asked := r.space.Where(netfilter.ICMPType, netfilter.AllOnes, numbers(pair[0]))
		list = append(list, answered{packets.And(asked), number(pair[1])})
	}
	return list
}
