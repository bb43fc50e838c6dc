package walk

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// manyAddresses and manyPorts bound how many of a range are each followed. Of a wider one only the ends are.
const (
	manyAddresses = 16
	manyPorts     = 16
)

// mapping is the tuple that a NAT action makes of a conversation's current one (get_unique_tuple), and why it refuses the
// packet, "" where it does not.
func (r *run) mapping(a *netfilter.NAT, m manip, current Tuple) (Tuple, string) {
	end, port := current.end(m)
	addresses, refused := r.targets(a, m, end)
	if refused != "" {
		return current, refused
	}
	wanted := current
	stays := m == ofSource && portIn(a, port) && within(a, addresses, end)
	if stays {
		return current, ""
	}
	address := end
	if len(addresses) > 0 {
		address = addresses[r.choose(len(addresses), func(answer int) string {
			return fmt.Sprintf("of the addresses to translate to, %s is taken", addresses[answer])
		})]
	}
	wanted.set(m, address, r.portFor(a, m, current, port))
	return wanted, ""
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

// within tells whether an address may stay as it is: it is one of those to choose from.
func within(a *netfilter.NAT, addresses []netip.Addr, end netip.Addr) bool {
	if a.First.IsValid() && a.Kind != netfilter.Netmap {
		return a.First.Compare(end) <= 0 && end.Compare(a.Last) <= 0
	}
	return len(addresses) == 0 || slices.Contains(addresses, end)
}

// targets are the addresses to choose from, none where the address stays.
func (r *run) targets(a *netfilter.NAT, m manip, end netip.Addr) ([]netip.Addr, string) {
	switch {
	case a.Kind == netfilter.Masquerade:
		return r.masquerade()
	case a.Kind == netfilter.Redirect:
		return r.redirect()
	case !a.First.IsValid():
		return nil, ""
	case a.Kind == netfilter.Netmap:
		return []netip.Addr{netmap(a, end)}, ""
	}
	return addressRange(a.First, a.Last), ""
}

func addressRange(first, last netip.Addr) []netip.Addr {
	if !last.IsValid() {
		last = first
	}
	var all []netip.Addr
	for at := first; at.IsValid() && at.Compare(last) <= 0; at = at.Next() {
		if len(all) == manyAddresses {
			return []netip.Addr{first, last}
		}
		all = append(all, at)
	}
	return all
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
		own = sameScope(own, r.packet.Destination)
	}
	if len(own) == 0 {
		return nil, fmt.Sprintf("%s has no address to redirect to", r.in)
	}
	return own, ""
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
		return closest(sameScope(w.ownAddresses(to.out, netfilter.IPv6), d), d)
	}
	next := d
	if to.gateway.IsValid() {
		next = to.gateway
	}
	var near []netip.Addr
	if l := w.links[to.out]; l != nil {
		for _, p := range l.Addresses {
			if p.Contains(next) {
				near = append(near, p.Addr())
			}
		}
	}
	if near != nil {
		return near
	}
	return w.ownAddresses(to.out, netfilter.IPv4)
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

// portFor is the translated port: it stays where it can, is shifted from a base, and else is any of the range.
func (r *run) portFor(a *netfilter.NAT, m manip, current Tuple, port uint16) uint16 {
	last := max(a.LastPort, a.FirstPort)
	size := int(last) - int(a.FirstPort) + 1
	switch {
	case portIn(a, port) || !current.hasPorts():
		return port
	case a.BasePort != 0:
		return a.FirstPort + uint16(int(port-a.BasePort)%size)
	case size > manyPorts:
		return a.FirstPort
	}
	return a.FirstPort + uint16(r.choose(size, func(answer int) string {
		return fmt.Sprintf("of the ports to translate to, %d is taken", int(a.FirstPort)+answer)
	}))
}

func (t Tuple) hasPorts() bool {
	p := netfilter.Packet{Protocol: t.Protocol}
	return p.HasPorts() || t.isICMP()
}
