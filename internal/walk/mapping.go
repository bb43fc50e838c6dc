package walk

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// many bounds how many addresses or ports of a range are each followed. Of a wider one only the ends are, and one way with
// an Unknown end stands for all between.
const many = 16

// mapping is the tuple that a NAT action makes of a conversation's current one (get_unique_tuple); false where the packet
// ends here.
func (r *run) mapping(ru *rule, a *netfilter.NAT, m manip, current Tuple) (Tuple, bool) {
	end, port := current.end(m)
	addresses, wide, refused := r.targets(a, end)
	if refused != "" {
		return current, r.finish(Dropped, ru.source.Chain, ru.source, refused)
	}
	if m == ofSource && portIn(a, port) && within(a, addresses, end) {
		return current, true
	}
	switch {
	case len(addresses) == 1:
		end = addresses[0]
	case len(addresses) > 1:
		at, ok := r.pick(ru, len(addresses), wide, func(at int) string { return addresses[at].String() })
		if !ok {
			return current, false
		}
		end = addresses[at]
	}
	port, ok := r.portFor(ru, a, m, current, port)
	current.set(m, end, port)
	return current, ok
}

// pick chooses one of n targets; false where that is one of the many that are not followed.
func (r *run) pick(ru *rule, n int, wide bool, name func(int) string) (int, bool) {
	all := n
	if wide {
		all++
	}
	if all == 1 {
		return 0, true
	}
	at := r.choose(all, func(answer int) string {
		if answer == n {
			return "of what to translate to, one is taken that was not followed"
		}
		return "of what to translate to, " + name(answer) + " is taken"
	})
	if at == n {
		return 0, r.finish(Unknown, ru.source.Chain, ru.source, "it is not known which of very many addresses or ports it gets")
	}
	return at, true
}

// end is the address and the port that are translated; of ICMP the id for both ends.
func (t Tuple) end(m manip) (netip.Addr, uint16) {
	switch {
	case m == ofSource:
		return t.Source, t.SourcePort
	case t.isICMP():
		return t.Destination, t.SourcePort
	}
	return t.Destination, t.DestinationPort
}

func (t *Tuple) set(m manip, a netip.Addr, port uint16) {
	if m == ofSource {
		t.Source, t.SourcePort = a, port
		return
	}
	t.Destination = a
	if t.isICMP() {
		t.SourcePort = port
	} else {
		t.DestinationPort = port
	}
}

// within tells whether an address may stay as it is: it is in the range, or the only one to choose.
func within(a *netfilter.NAT, addresses []netip.Addr, end netip.Addr) bool {
	if a.First.IsValid() && a.Kind != netfilter.Netmap {
		return a.First.Compare(end) <= 0 && end.Compare(a.Last) <= 0 || a.First == end
	}
	return len(addresses) == 0 || len(addresses) == 1 && addresses[0] == end
}

// targets are the addresses to choose from, none where the address stays; wide tells that they are only the ends of a range.
func (r *run) targets(a *netfilter.NAT, end netip.Addr) (choices []netip.Addr, wide bool, refused string) {
	switch {
	case a.Kind == netfilter.Masquerade:
		choices, refused = r.masquerade()
	case a.Kind == netfilter.Redirect:
		choices, refused = r.redirect()
	case !a.First.IsValid():
	case a.Kind == netfilter.Netmap:
		choices = append(r.space[:0], netmap(a, end))
	case !a.Last.IsValid() || a.First == a.Last:
		choices = append(r.space[:0], a.First)
	default:
		choices, wide = addressRange(a.First, a.Last)
	}
	return choices, wide, refused
}

func addressRange(first, last netip.Addr) (all []netip.Addr, wide bool) {
	for at := first; at.IsValid() && at.Compare(last) <= 0; at = at.Next() {
		if len(all) == many {
			return []netip.Addr{first, last}, true
		}
		all = append(all, at)
	}
	return all, false
}

// netmap keeps the host part of an address (xt_NETMAP.c).
func netmap(a *netfilter.NAT, end netip.Addr) netip.Addr {
	f := netfilter.IPv6
	if end.Is4() {
		f = netfilter.IPv4
	}
	first, last := netfilter.OfAddress(a.First), netfilter.OfAddress(a.Last)
	hostPart := first.Xor(last)
	return first.And(hostPart.Not()).Or(netfilter.OfAddress(end).And(hostPart)).Address(f)
}

// redirect is nf_nat_redirect.c: to the loopback address in output, else to the incoming interface's own.
func (r *run) redirect() ([]netip.Addr, string) {
	if r.hook == netfilter.Output && r.family == netfilter.IPv4 {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, ""
	}
	if r.hook == netfilter.Output {
		return []netip.Addr{netip.IPv6Loopback()}, ""
	}
	own := r.w.ownAddresses(r.in, r.family)
	if r.family == netfilter.IPv6 {
		own = usable(own, r.packet.Destination)
	}
	if len(own) == 0 {
		return nil, fmt.Sprintf("%s has no address to redirect to", r.in)
	}
	return own, ""
}

// usable are the addresses with the scope of what was dialled (nf_nat_redirect_ipv6_usable), a group's too.
func usable(own []netip.Addr, d netip.Addr) []netip.Addr {
	near := d.IsLinkLocalUnicast() || d.IsLinkLocalMulticast()
	site := d.IsMulticast() && d.As16()[1]&15 == 5
	return slices.DeleteFunc(own, func(a netip.Addr) bool { return site || a.IsLinkLocalUnicast() != near })
}

// masquerade is nf_nat_masquerade.c: to an address of the outgoing interface.
func (r *run) masquerade() ([]netip.Addr, string) {
	choices := r.w.addressesFor(route{out: r.out, gateway: r.route.gateway}, r.packet.Destination)
	if len(choices) == 0 {
		return nil, fmt.Sprintf("%s has no address to masquerade with", r.out)
	}
	return choices, ""
}

// addressesFor are the addresses that a packet which takes a route may get as its source (inet_select_addr,
// ipv6_dev_get_saddr): of IPv4 those on the network of the next hop, else any of the interface; of IPv6 those with the
// scope of the destination, the ones that have most in common with it first. Which of several is the first in the kernel's
// own list is not known.
func (w *Walker) addressesFor(to route, d netip.Addr) []netip.Addr {
	if !d.Is4() {
		return w.addressesFor6(to.out, d)
	}
	next := d
	if to.gateway.IsValid() {
		next = to.gateway
	}
	var near []netip.Addr
	if l := w.links[to.out]; l != nil {
		for _, p := range l.Addresses {
			if p.Contains(next) && !p.Addr().IsLoopback() {
				near = append(near, p.Addr())
			}
		}
	}
	if near != nil {
		return near
	}
	return w.elsewhere(w.ownAddresses(to.out, netfilter.IPv4), netfilter.IPv4)
}

// addressesFor6 is ipv6_dev_get_saddr: the destination itself where it is the host's, else the outgoing interface's, else
// any other's.
func (w *Walker) addressesFor6(out string, d netip.Addr) []netip.Addr {
	if w.fib[1].typeOf(d) == typeLocal {
		return []netip.Addr{d}
	}
	own := sameScope(w.ownAddresses(out, netfilter.IPv6), d)
	return closest(sameScope(w.elsewhere(own, netfilter.IPv6), d), d)
}

// elsewhere are an interface's own addresses, or where it has none that are good outside of the host, those of all.
func (w *Walker) elsewhere(own []netip.Addr, f netfilter.Family) []netip.Addr {
	own = slices.DeleteFunc(own, netip.Addr.IsLoopback)
	if len(own) > 0 {
		return own
	}
	for _, i := range w.machine.Interfaces {
		own = append(own, w.ownAddresses(i.Name, f)...)
	}
	return slices.DeleteFunc(own, netip.Addr.IsLoopback)
}

func (w *Walker) ownAddresses(name string, f netfilter.Family) []netip.Addr {
	l := w.links[name]
	if l == nil {
		return nil
	}
	var own []netip.Addr
	for _, p := range l.Addresses {
		if p.Addr().Is4() == (f == netfilter.IPv4) {
			own = append(own, p.Addr())
		}
	}
	return own
}

func sameScope(own []netip.Addr, d netip.Addr) []netip.Addr {
	return slices.DeleteFunc(own, func(a netip.Addr) bool { return a.IsLinkLocalUnicast() != d.IsLinkLocalUnicast() })
}

// closest are those that share the longest beginning with an address (RFC 6724, rule 8).
func closest(own []netip.Addr, d netip.Addr) []netip.Addr {
	shared := func(a netip.Addr) int {
		for bits := a.BitLen(); bits > 0; bits-- {
			if p, err := a.Prefix(bits); err == nil && p.Contains(d) {
				return bits
			}
		}
		return 0
	}
	longest := 0
	for _, a := range own {
		longest = max(longest, shared(a))
	}
	return slices.DeleteFunc(own, func(a netip.Addr) bool { return shared(a) < longest })
}

// portIn tells whether a port is in the range that NAT is asked for; without a range every port is.
func portIn(a *netfilter.NAT, port uint16) bool {
	return a.FirstPort == 0 || a.BasePort == 0 && a.FirstPort <= port && port <= max(a.LastPort, a.FirstPort)
}

// portFor is the translated port: it stays where it can, is shifted from a base, and else is any of the range. Of a
// source's wide range the first stands for all: no rule after source NAT is likely to ask for it. false where the packet
// ends here.
func (r *run) portFor(ru *rule, a *netfilter.NAT, m manip, current Tuple, port uint16) (uint16, bool) {
	last := max(a.LastPort, a.FirstPort)
	size := int(last) - int(a.FirstPort) + 1
	switch {
	case portIn(a, port) || !current.hasPorts():
		return port, true
	case a.BasePort != 0:
		return a.FirstPort + uint16(int(port-a.BasePort)%size), true
	case size == 1 || m == ofSource && size > many:
		return a.FirstPort, true
	}
	ports, wide := portRange(a.FirstPort, last)
	at, ok := r.pick(ru, len(ports), wide, func(at int) string { return fmt.Sprintf("port %d", ports[at]) })
	return ports[at], ok
}

func portRange(first, last uint16) (all []uint16, wide bool) {
	if last-first >= many {
		return []uint16{first, last}, true
	}
	for port := int(first); port <= int(last); port++ {
		all = append(all, uint16(port))
	}
	return all, false
}

func (t Tuple) hasPorts() bool {
	p := netfilter.Packet{Protocol: t.Protocol}
	return p.HasPorts() || t.isICMP()
}
