package walk

import (
	"net/netip"

	"github.com/dockwall/dockwall/internal/netfilter"
)

func (r *run) isBridge() bool {
	l := r.w.links[r.in]
	return l != nil && l.Kind == "bridge"
}

// crossesBridge tells whether the packet only passes through a bridge, from one port to another: it goes to a neighbour on
// the bridge's own network, not to this host.
func (r *run) crossesBridge() bool { return r.w.neighbour(r.in, r.packet.Destination) }

// neighbour tells whether an address is of the network on an interface, and not the host's own.
func (w *Walker) neighbour(name string, a netip.Addr) bool {
	fib := w.fib[1]
	if a.Is4() {
		fib = w.fib[0]
	}
	if fib.typeOf(a) != typeUnicast {
		return false
	}
	for _, p := range w.links[name].Addresses {
		if p.Contains(a.WithZone("")) {
			return true
		}
	}
	return false
}

// overBridge is br_netfilter's way: prerouting runs before anything of IP looks at the packet. If it is not for this host
// the other hooks run too, with the bridge as both interfaces. A destination that DNAT changed decides anew: one that is
// routed to the bridge itself is bridged, from wherever it was called (br_nf_pre_routing_finish).
func (r *run) overBridge() {
	crosses, dialled := r.crossesBridge(), r.packet.Destination
	if !r.runHook(netfilter.Prerouting) {
		return
	}
	if r.packet.Destination != dialled {
		crosses = r.leadsBack()
	}
	switch {
	case crosses:
		r.acrossBridge()
	case r.legal():
		r.routed()
	}
}

// leadsBack tells whether the packet is routed to the bridge that it came by. That needs no forwarding, and without it the
// source is not looked at (ip_route_input_slow ends before).
func (r *run) leadsBack() bool {
	to := r.w.fib[r.families()].lookup(r.packet.Destination, "")
	if len(to) == 0 || to[0].kind != typeUnicast || to[0].out != r.in {
		return false
	}
	if r.family == netfilter.IPv6 {
		return true
	}
	return r.martian() == "" && (!r.w.forwards(r.family, r.in) || r.validSource(r.in, r.in) == "")
}

func (r *run) acrossBridge() {
	r.bridged, r.out = true, r.in
	r.sayRoute("%s is on %s too", r.in)
	if r.runHook(netfilter.Forward) && r.runHook(netfilter.Postrouting) {
		r.stop(Forwarded, "")
	}
}
