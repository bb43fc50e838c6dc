package walk

import (
	"fmt"
	"net/netip"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// walk follows the packet from where it sets out to its end.
func (r *run) walk() {
	switch {
	case !r.packet.Source.IsValid() || !r.packet.Destination.IsValid() || r.packet.Source.Is4() != r.packet.Destination.Is4():
		r.stop(Unknown, "the packet needs a source and a destination of one family")
	case r.packet.In == "":
		r.leaves()
	default:
		r.arrives()
	}
}

// arrives is a packet's way from an interface: ip_rcv and ipv6_rcv, or br_netfilter's first half of them.
func (r *run) arrives() {
	switch {
	case r.isBridge() && r.w.bridged[r.families()]:
		r.overBridge()
	case r.isBridge() && r.crossesBridge():
		r.out = r.in
		r.stop(Forwarded, "bridged, past the rules")
	case r.legal() && r.runHook(netfilter.Prerouting):
		r.routed()
	}
}

// legal ends what ip6_rcv_core refuses before any hook.
func (r *run) legal() bool {
	if with := r.illegal(); with != "" {
		return r.stop(NoRoute, with)
	}
	return true
}

// illegal says why ip6_rcv_core refuses the packet; "" where it does not.
func (r *run) illegal() string {
	p := &r.packet
	l := r.w.links[r.in]
	switch {
	case p.Source.Is4() || r.in == "lo" || l != nil && l.Loopback:
		return ""
	case p.Source.IsLoopback() || p.Destination.IsLoopback():
		return "the loopback address is never taken from outside"
	case p.Source.IsMulticast():
		return "a group is no source"
	case p.Destination.IsInterfaceLocalMulticast():
		return "a group of the host itself is never taken from outside"
	}
	return ""
}

// routed takes a packet from prerouting on: to input, to forward, or nowhere.
func (r *run) routed() {
	r.hook = netfilter.Prerouting
	if r.looped && !r.moved {
		r.delivered() // skb_valid_dst: the route that output chose goes with it over the loopback interface
		return
	}
	to, ok := r.routeIn()
	if !ok {
		return
	}
	r.route = to
	if to.kind != typeUnicast {
		r.sayRoute("%s is this host", "")
		r.delivered()
		return
	}
	r.out = to.out
	r.sayRoute("%s leaves by %s", to.out)
	r.forwarded()
}

// delivered is ip_local_deliver and ip6_input.
func (r *run) delivered() {
	r.out = ""
	if r.runHook(netfilter.Input) {
		r.stop(Delivered, "")
	}
}

// forwarded is ip_forward and ip6_forward: the hop is counted before the hook.
func (r *run) forwarded() {
	r.hook = netfilter.Forward
	switch {
	case r.packetType() != 0:
		r.stop(NoRoute, "it came to many on the link: such packets are not forwarded")
		return
	case r.packet.TTL <= 1:
		r.stop(NoRoute, "its time to live is over")
		return
	case r.family == netfilter.IPv6 && r.notForwarded6() != "":
		r.stop(NoRoute, r.notForwarded6())
		return
	}
	r.packet.TTL--
	if r.runHook(netfilter.Forward) && r.runHook(netfilter.Postrouting) {
		r.stop(Forwarded, "")
	}
}

// notForwarded6 is ip6_forward's check of sources.
func (r *run) notForwarded6() string {
	s := r.packet.Source
	switch {
	case r.in == r.out, r.isBridge() && r.w.bridged[1] && r.moved:
		return "" // after DNAT by br_netfilter ip6_rcv_core takes the new route's interface for the incoming one
	case s.IsUnspecified() || s.IsLoopback():
		return "nothing can be sent back to its source"
	case s.IsLinkLocalUnicast():
		return "its source is an address of the link that it came from"
	}
	return ""
}

// routeIn chooses a route for a packet that arrived; false where there is none.
func (r *run) routeIn() (route, bool) {
	if r.family == netfilter.IPv6 {
		return r.routeIn6()
	}
	return r.routeIn4()
}

// routeIn4 is ip_route_input_slow.
func (r *run) routeIn4() (route, bool) {
	p := &r.packet
	source, destination := p.Source, p.Destination
	fib := r.w.fib[0]
	switch {
	case destination.IsMulticast():
		return r.group()
	case isZero(source) && (destination == limitedBroadcast || destination.IsUnspecified()),
		destination == limitedBroadcast && r.martian() == "":
		return r.toAll()
	case r.martian() != "" && !source.IsLoopback():
		return r.noRoute(r.martian())
	case isZero(destination):
		return r.noRoute("the destination is no address (a martian destination)")
	case destination.IsLoopback() && !r.w.of(r.in).routeLocalnet:
		return r.noRoute("a loopback address is not taken from outside (route_localnet is off: a martian destination)")
	case r.martian() != "":
		return r.noRoute(r.martian())
	}
	found := fib.lookup(destination, "")
	switch {
	case len(found) > 0 && found[0].kind == typeBroadcast:
		return r.toAll()
	case len(found) > 0 && found[0].kind == typeLocal:
		return r.ifSourceValid(found[0])
	case !r.w.forwards(r.family, r.in):
		return r.noRoute("the host does not forward (net.ipv4.ip_forward)")
	case len(found) == 0:
		return r.noRoute("there is no route to " + destination.String())
	}
	return r.ifSourceValid(r.one(found))
}

// martian is why an IPv4 source is none, "" where it can be one.
func (r *run) martian() string {
	switch source := r.packet.Source; {
	case source.IsMulticast() || source == limitedBroadcast:
		return "a group or everyone is no source (a martian source)"
	case isZero(source):
		return "the source is no address (a martian source)"
	case source.IsLoopback() && !r.w.of(r.in).routeLocalnet:
		return "a loopback address is no source outside (route_localnet is off: a martian source)"
	}
	return ""
}

func isZero(a netip.Addr) bool { return a.Is4() && a.As4()[0] == 0 } // ipv4_is_zeronet

func (r *run) noRoute(with string) (route, bool) {
	r.step(Routed, nil, nil, with)
	return route{}, r.stop(NoRoute, with)
}

func (r *run) ifSourceValid(to route) (route, bool) {
	out := ""
	if to.kind == typeUnicast {
		out = to.out
	}
	if with := r.validSource(r.in, out); with != "" {
		return r.noRoute(with)
	}
	return to, true
}

func (r *run) toAll() (route, bool) {
	to := route{kind: typeBroadcast}
	if isZero(r.packet.Source) {
		return to, true
	}
	return r.ifSourceValid(to)
}

// one is one of several equal routes.
func (r *run) one(found []route) route {
	if len(found) == 1 {
		return found[0]
	}
	return found[r.choose(len(found), func(answer int) string {
		return fmt.Sprintf("of several equal routes to %s the one by %s is taken", r.packet.Destination, found[answer].out)
	})]
}

// group: a host takes the packets of the groups that it is in. All hosts are in the group of all hosts.
func (r *run) group() (route, bool) {
	const member = "this host is in the group %s"
	d := r.packet.Destination
	if d == allHosts4 || d == netip.IPv6LinkLocalAllNodes() {
		return route{kind: typeMulticast}, true
	}
	answer := r.choose(2, func(answer int) string {
		return fmt.Sprintf([...]string{member, "this host is not in the group %s"}[answer], d)
	})
	if answer == 0 {
		return route{kind: typeMulticast}, true
	}
	return r.noRoute("this host is not in the group")
}

var allHosts4 = netip.AddrFrom4([4]byte{224, 0, 0, 1})

// routeIn6 is ip6_route_input. An address that is only good on its link needs a route by the interface that the packet
// came in by (rt6_need_strict).
func (r *run) routeIn6() (route, bool) {
	d := r.packet.Destination
	if d.IsMulticast() {
		return r.group()
	}
	only := ""
	if d.IsLinkLocalUnicast() || d.IsLoopback() {
		only = r.in
	}
	found := r.w.fib[1].lookup(d, only)
	switch {
	case len(found) > 0 && found[0].kind == typeLocal:
		return found[0], true
	case !r.w.forwards(r.family, r.in):
		return r.noRoute("the host does not forward (net.ipv6.conf.all.forwarding)")
	case len(found) == 0:
		return r.noRoute("there is no route to " + d.String())
	}
	return r.one(found), true
}
