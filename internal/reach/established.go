package reach

import (
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// beginning is the first packets of a question about conversations that are taken for granted, and what became of them.
type beginning struct {
	in     string
	within packetset.Set
	outs   []string
	passed []state
	doubts []Flow // what could not be read or followed
}

// established follows later packets of the conversations that first packets within a set begin. What could not be read
// or followed of the first packets stays Unknown.
func (p *plan) established(in string, within packetset.Set, outs []string, m Moment) []Flow {
	b := p.began
	if b == nil || b.in != in || b.within != within || !slices.Equal(b.outs, outs) {
		b = p.granted(in, within, outs)
		p.began = b
	}
	r := newRun(p, m)
	for _, f := range b.doubts {
		r.add(f)
	}
	for _, s := range b.passed {
		r.next(in, s)
	}
	return r.flows
}

// granted follows first packets past all rules that refuse them. Later packets and answers are mostly asked for in turn,
// so that a plan keeps what became of the last ones.
func (p *plan) granted(in string, within packetset.Set, outs []string) *beginning {
	r := newRun(p, First)
	r.assume, r.outs = true, outs
	r.begin(in, r.doubt(within))
	b := &beginning{in: in, within: within, outs: outs, passed: r.passed.states}
	for _, f := range r.flows {
		if f.Kind == Unknown {
			b.doubts = append(b.doubts, f)
		}
	}
	return b
}

// next follows a packet of the conversations whose first packets came through as a state says. Packets that conntrack
// has no entry for (untracked, bridged past the rules) are looked at anew each time.
func (r *run) next(in string, s state) {
	if r.moment == Later {
		for _, part := range r.later(s.packets) {
			h := first(in)
			h.tcpFlags = part.flags
			if s.track.hasEntry() {
				h.inherit(s.header, established)
				h.natted |= part.status
			}
			r.start(state{part.packets, r.intern(h)})
		}
		return
	}
	for _, part := range r.answers(s.packets) {
		r.start(state{part.packets, r.intern(s.answer(part.icmpType))})
	}
}

// inherit takes over what a conversation's entry says.
func (h *header) inherit(from *header, as tracking) {
	h.finds, h.entry, h.dial, h.ctmark, h.natted = as, from.entry, from.dial, from.ctmark, from.natted
	h.sourceDone, h.destDone = from.sourceDone, from.destDone
}

// answer is the header of the other side's packets as they arrive, or as the host makes them.
func (h *header) answer(icmpType value) header {
	in := h.out
	if h.looped {
		in = ""
	}
	a := first(in)
	a.addresses = h.addresses.reversed()
	a.entry, a.dial = a.addresses, a.addresses
	if h.track.hasEntry() {
		a.inherit(h, answering)
	}
	a.answers = true
	a.dscp, a.ttl, a.icmpType, a.tcpFlags = number(0), number(64), icmpType, number(flagSYN|flagACK)
	return a
}

func (a addresses) reversed() addresses {
	return addresses{source: a.destination, destination: a.source, sport: a.dport, dport: a.sport}
}

// Flags of TCP.
const (
	flagSYN = 2
	flagACK = 16
)

// afterwards is what packets of who began have after the first.
type afterwards struct {
	packets packetset.Set
	flags   value
	status  uint64
}

// later takes packets apart by that: after a SYN follows an ACK, which assures a TCP conversation (nf_conntrack_proto_tcp.c);
// what was picked up in the middle goes on like that.
func (r *run) later(packets packetset.Set) []afterwards {
	tcp := r.space.Has(netfilter.TCPFlags)
	syn := r.space.Where(netfilter.TCPFlags, netfilter.Small(0xFF&^(64|128)), numbers(flagSYN))
	flags := plain(netfilter.TCPFlags)
	return []afterwards{
		{packets.And(syn), number(flagACK), netfilter.StatusAssured},
		{packets.And(tcp).Minus(syn), flags, netfilter.StatusAssured},
		{packets.Minus(tcp), flags, 0},
	}
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
		for i := range pair {
			asked := r.space.Where(netfilter.ICMPType, netfilter.AllOnes, numbers(pair[i]))
			list = append(list, answered{packets.And(asked), number(pair[1-i])})
		}
	}
	return list
}
