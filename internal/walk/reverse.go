package walk

import (
	"net/netip"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// routeField reads what fib expressions, addrtype and rpfilter see.
func (r *run) routeField(f netfilter.Field) (netfilter.Number, trilean) {
	fib, p := r.w.fib[r.families()], &r.packet
	switch f {
	case netfilter.SourceType:
		return small(uint64(fib.typeOf(p.Source)))
	case netfilter.DestinationType:
		return small(uint64(fib.typeOf(p.Destination)))
	case netfilter.SourceTypeIn:
		return small(uint64(fib.typeOn(p.Source, r.in)))
	case netfilter.SourceTypeOut:
		return small(uint64(fib.typeOn(p.Source, r.out)))
	case netfilter.DestinationTypeIn:
		return small(uint64(fib.typeOn(p.Destination, r.in)))
	case netfilter.DestinationTypeOut:
		return small(uint64(fib.typeOn(p.Destination, r.out)))
	}
	if r.goesBack() {
		return small(1)
	}
	return small(0)
}

// goesBack is nft_fib4_eval and nft_fib6_eval for "saddr . iif oif": a unicast route to the source leaves by the incoming
// interface. What came over the loopback interface passes.
func (r *run) goesBack() bool {
	p := &r.packet
	if l := r.w.links[r.in]; r.in == "lo" || l != nil && l.Loopback {
		return true
	}
	if p.Source.Is4() && p.Source.As4()[0] == 0 && (p.Destination == limitedBroadcast || isLocalMulticast(p.Destination)) {
		return true // a DHCP client
	}
	if p.Source.Is6() && p.Source.IsLinkLocalMulticast() {
		return true // asked of the interface, which has a route to ff00::/8 (seen on bridged packets only)
	}
	only := ""
	if p.Source.Is6() && p.Source.IsLinkLocalUnicast() {
		only = r.in
	}
	back := r.w.fib[r.families()].lookup(p.Source, only)
	return len(back) > 0 && back[0].kind == typeUnicast && uses(back, r.in)
}

// isLocalMulticast is ipv4_is_local_multicast: 224.0.0.0/24.
func isLocalMulticast(a netip.Addr) bool {
	four := a.As4()
	return four[0] == 224 && four[1] == 0 && four[2] == 0
}

// validSource is fib_validate_source of IPv4: whether a packet with that source may come in there. Why not, in a
// sentence; "" where it may. What leaves by the interface that it came by is looked at closely, because its sender may be
// told of a shorter way (send_redirects, which is taken to be on).
func (r *run) validSource(in, out string) string {
	fib, source := r.w.fib[0], r.packet.Source
	set := r.w.of(in)
	back := fib.local(source)
	if set.reverseFilter != 0 && back == nil {
		back = fib.lookup(source, "")
	}
	switch {
	case set.reverseFilter == 0 && !set.acceptLocal && in != out && len(back) > 0 && back[0].kind == typeBroadcast:
		return "" // only the host's own addresses are looked for (inet_lookup_ifaddr_rcu)
	case len(back) > 0 && back[0].kind != typeUnicast && !set.acceptLocal:
		return "the source is an address of this host, which nobody else may use (a martian source)"
	case set.reverseFilter == 0, len(back) > 0 && uses(back, in):
		return ""
	case len(back) > 0 && set.reverseFilter == 2:
		return ""
	case len(back) == 0:
		return "there is no route back to the source (rp_filter)"
	}
	return "answers to the source would leave by another interface (rp_filter)"
}
