package reach

import (
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// run is one question's way through the plan.
type run struct {
	*plan
	moment Moment
	// assume lets pass whom rules refuse: what translation a conversation has does not hang on whether its first packet
	// would be let in today.
	assume  bool
	keeps   bool // passed is wanted
	headers map[header]*header
	hook    netfilter.Hook
	manip   manip // in nat chains
	spent   int
	flows   []Flow
	known   map[flowKey]int
	passed  pool     // of a run that assumes or keeps: who got where it was going
	outs    []string // where packets must leave to be followed, see Towards; none: anywhere
}

// flowKey is all of a flow but its packets.
type flowKey struct {
	kind                Kind
	hook                netfilter.Hook
	chain               *netfilter.Chain
	rule                *netfilter.Rule
	with, in, out       string
	several             bool
	source, destination netip.AddrPort
}

func newRun(p *plan, m Moment) *run {
	return &run{plan: p, moment: m, headers: map[header]*header{}, known: map[flowKey]int{}}
}

// intern is the one header equal to h.
func (r *run) intern(h header) *header {
	if known := r.headers[h]; known != nil {
		return known
	}
	r.headers[h] = &h
	return &h
}

// doubt takes a part of the packets away as Unknown where rules could not be read.
func (r *run) doubt(within packetset.Set) packetset.Set {
	if len(r.unread) == 0 {
		return within
	}
	read := r.undecided("some of the rules could not be read")
	r.end(state{within.Minus(read), r.intern(first(""))}, Flow{Kind: Unknown, With: r.unread[0]})
	return within.And(read)
}

// begin follows first packets.
func (r *run) begin(in string, within packetset.Set) {
	r.start(state{within, r.intern(first(in))})
}

// start follows packets that arrive, or that the host has just made.
func (r *run) start(s state) {
	if s.packets.IsEmpty() {
		return
	}
	if s.in == "" {
		r.outgoing(s)
		return
	}
	r.incoming(s)
}

// follows tells whether packets that leave by an interface are followed.
func (r *run) follows(out string) bool { return len(r.outs) == 0 || slices.Contains(r.outs, out) }

// refuse ends packets by a rule or policy; where a conversation is taken for granted they go on.
func (r *run) refuse(s state, by Flow, out *outcome) {
	if r.assume {
		out.accepted.add(s)
		return
	}
	r.end(s, by)
}

// end notes how packets end.
func (r *run) end(s state, f Flow) {
	if s.packets.IsEmpty() {
		return
	}
	if f.Kind.Passes() && (r.assume || r.keeps) {
		r.passed.add(s)
	}
	if f.Kind.Passes() && r.assume {
		return
	}
	f.Packets, f.Hook, f.In, f.Out = s.packets, r.hook, s.in, s.out
	if s.made {
		f.In = ""
	}
	r.addresses(&f, s.header)
	r.add(f)
}

// addresses are what NAT made of the packets, where it is one value.
func (r *run) addresses(f *Flow, h *header) {
	f.Source, f.SourcePort = r.one(h.source), portOf(h.sport)
	f.Destination, f.DestinationPort = r.one(h.destination), portOf(h.dport)
}

func (r *run) one(v value) netip.Addr {
	if v.isConstant() {
		return v.Fixed.Address(r.family)
	}
	return netip.Addr{}
}

func portOf(v value) uint16 {
	if v.isConstant() {
		return uint16(v.Fixed.Low)
	}
	return 0
}

// add joins flows that end alike.
func (r *run) add(f Flow) {
	key := flowKey{f.Kind, f.Hook, f.Chain, f.Rule, f.With, f.In, f.Out, f.Several,
		netip.AddrPortFrom(f.Source, f.SourcePort), netip.AddrPortFrom(f.Destination, f.DestinationPort)}
	if i, known := r.known[key]; known {
		r.flows[i].Packets = r.flows[i].Packets.Or(f.Packets)
		return
	}
	r.known[key] = len(r.flows)
	r.flows = append(r.flows, f)
}
