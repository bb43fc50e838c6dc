package walk

import (
	"net/netip"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// crossesBridge tells whether the packet only passes through a bridge, from one port to another: it goes to a neighbour on
// the bridge's own network, not to this host.
func (r *run) crossesBridge() bool {
	l := r.w.links[r.in]
	if l == nil || l.Kind != "bridge" {
		return false
	}
	return r.w.neighbour(r.in, r.packet.Destination)
}

// overBridge tells whether br_netfilter runs prerouting, before anything of IP looks at the packet.
func (r *run) overBridge() bool {
	l := r.w.links[r.in]
	return l != nil && l.Kind == "bridge" && r.w.bridged[r.families()]
}

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

// bridge is br_netfilter's way: the IP hooks run with the bridge as both interfaces, if they are asked to. A destination
// that DNAT moved off the bridge makes the packet a routed one (br_nf_pre_routing_finish).
func (r *run) bridge() {
	if !r.w.bridged[r.families()] {
		r.out = r.in
		r.stop(Forwarded, "bridged, past the rules")
		return
	}
	dialled := r.packet.Destination
	if !r.runHook(netfilter.Prerouting) {
		return
	}
	if r.packet.Destination != dialled && !r.w.neighbour(r.in, r.packet.Destination) {
		r.routed()
		return
	}
	r.bridged, r.out = true, r.in
	r.sayRoute("%s is on %s too", r.in)
	if r.runHook(netfilter.Forward) && r.runHook(netfilter.Postrouting) {
		r.stop(Forwarded, "")
	}
}
