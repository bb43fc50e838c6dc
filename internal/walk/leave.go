package walk

import (
	"net/netip"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// leaves is a packet's way from a program of this host: __ip_local_out and ip_output.
func (r *run) leaves() {
	r.hook = netfilter.Output
	to, ok := r.routeOut()
	if !ok {
		return
	}
	r.route, r.out = to, to.out
	r.sayRoute("%s leaves by %s", to.out)
	if !r.runHook(netfilter.Output) {
		return
	}
	r.out = r.route.out
	if !r.runHook(netfilter.Postrouting) {
		return
	}
	if r.route.kind == typeLocal {
		r.loops()
		return
	}
	r.stop(Forwarded, "")
}

// loops brings a packet back over the loopback interface. It keeps its mark, its conntrack entry and its route, and loses
// its socket (loopback_xmit).
func (r *run) loops() {
	r.looped, r.in, r.out = true, r.route.out, ""
	if l := r.w.links[r.in]; l == nil || !l.Loopback {
		r.in = r.w.loopback()
	}
	r.hook = netfilter.Prerouting
	r.step(Looped, nil, nil, "it comes back by the loopback interface")
	if r.runHook(netfilter.Prerouting) {
		r.routed()
	}
}

func (w *Walker) loopback() string {
	for _, i := range w.machine.Interfaces {
		if i.Loopback {
			return i.Name
		}
	}
	return "lo"
}

// routeOut is ip_route_output_key and ip6_route_output. What goes to the host itself leaves by the loopback interface.
func (r *run) routeOut() (route, bool) {
	d := r.packet.Destination
	found := r.w.fib[r.families()].lookup(d, "")
	switch {
	case len(found) == 0 && d == limitedBroadcast:
		return r.noRoute("it is not known by which interface the host calls to everyone")
	case len(found) == 0:
		return r.noRoute("there is no route to " + d.String())
	case isZero(d):
		return r.noRoute("the destination is no address")
	}
	to := found[0]
	if to.kind == typeUnicast {
		to = r.one(found)
	}
	if to.kind == typeLocal {
		to.out = r.w.loopback()
	}
	if to.kind == typeUnicast && r.packet.Source.Is4() && r.packet.Source.IsLoopback() && !r.w.of(to.out).routeLocalnet {
		return r.noRoute("a loopback address does not leave the host (route_localnet is off)") // __mkroute_output
	}
	return to, true
}

// reroute is ip_route_me_harder. The hook's later chains still see the interface that was chosen first.
func (r *run) reroute() bool {
	to, ok := r.routeOut()
	if ok && to != r.route {
		r.route = to
		r.sayRoute("%s now leaves by %s", to.out)
	}
	return ok
}

// routeChain runs a base chain of the kind after which a changed packet is routed anew (nf_route_table_hook4,
// ipt_mangle_out).
func (r *run) routeChain(c *chain) bool {
	before, mark := r.packet, r.mark
	if !r.chain(c) {
		return false
	}
	if r.packet.Source == before.Source && r.packet.Destination == before.Destination && r.packet.DSCP == before.DSCP && r.mark == mark {
		return true
	}
	return r.reroute()
}

// sourceFor is the address that the kernel gives a packet which its program gave none.
func (w *Walker) sourceFor(d netip.Addr) netip.Addr {
	fib := w.fib[1]
	if d.Is4() {
		fib = w.fib[0]
	}
	found := fib.lookup(d, "")
	switch {
	case len(found) == 0:
		return netip.Addr{}
	case found[0].kind == typeLocal:
		return d
	}
	if choices := w.addressesFor(found[0], d); len(choices) > 0 {
		return choices[0]
	}
	return netip.Addr{}
}
