package reach

import (
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// nat is a NAT action: it ends the nat chain, for packets that it has an address for.
func (t *taking) nat(a netfilter.NAT, at int, s state) {
	if t.manip == noManip {
		t.unclear(s, "it translates where nothing can be translated")
		return
	}
	if a.First.IsValid() && a.First.Is4() != (t.family == netfilter.IPv4) { // nft_nat_inet_eval
		t.take(at+1, s)
		return
	}
	if a.Map == nil {
		t.translate(a, s)
		return
	}
	list, ok := t.choose(s.header, a.Fields, a.Map, t.rule.steps[at].built)
	if !ok {
		t.unclear(s, "which element of the map of targets fits is not known")
		return
	}
	rest := t.each(s, a.Fields, list, func(c choice, some state) {
		if c.target == nil {
			t.unclear(some, "an element of the map has no target")
			return
		}
		target := *c.target
		target.Kind = a.Kind
		t.translate(target, some)
	})
	t.next.add(rest) // a lookup in a map without the key ends the rule (nft_lookup_eval)
}

// translate sets up a conversation's translation (nf_nat_setup_info).
func (t *taking) translate(a netfilter.NAT, s state) {
	if a.Kind == netfilter.Masquerade && t.family == netfilter.IPv6 { // ipv6_dev_get_saddr: to itself from the same address
		own := s.packets.And(t.isOneOf(s.destination, t.places.local))
		t.out.accepted.addAll(t.apply(state{own, s.header}, s.destination, targetPort(a, s.sport)))
		s.packets = s.packets.Minus(own)
	}
	address, port := t.target(a, s.header)
	if address.missing {
		t.refuse(s, Flow{Kind: Dropped, Chain: t.rule.Chain, Rule: t.rule.Rule, With: "the interface has no address"}, t.out)
		return
	}
	if a.FirstPort != 0 && a.BasePort == 0 { // a port of the range stays (nf_nat_l4proto_unique_tuple)
		old := t.ends(s.header).port
		stays := s.packets.And(t.among(old, netfilter.Between(netfilter.Small(uint64(a.FirstPort)), netfilter.Small(uint64(max(a.LastPort, a.FirstPort))))))
		t.out.accepted.addAll(t.apply(state{stays, s.header}, address, old))
		s.packets = s.packets.Minus(stays)
	}
	t.out.accepted.addAll(t.apply(s, address, port))
}

// ends is the address and port of a header that are translated here.
func (r *run) ends(h *header) (e struct{ address, port value }) {
	e.address, e.port = h.destination, h.dport
	if r.manip == sourceManip {
		e.address, e.port = h.source, h.sport
	}
	return e
}

func (l *pool) addAll(list []state) {
	for _, s := range list {
		l.add(s)
	}
}

// target is the address and port that a translation gives.
func (t *taking) target(a netfilter.NAT, h *header) (address, port value) {
	old := t.ends(h)
	return t.targetAddress(a, h, old.address), targetPort(a, old.port)
}

func (t *taking) targetAddress(a netfilter.NAT, h *header, old value) value {
	switch {
	case a.Kind == netfilter.Masquerade:
		return t.oneOf(t.places.outside(h.out))
	case a.Kind == netfilter.Redirect && h.in == "":
		return address(loopback(t.family))
	case a.Kind == netfilter.Redirect:
		return t.oneOf(t.places.own(h.in, false))
	case !a.First.IsValid():
		return old
	case a.Kind == netfilter.Netmap:
		return netmap(old, a)
	}
	return anyOf(netfilter.OfAddress(a.First), netfilter.OfAddress(a.Last))
}

// oneOf is one of some addresses, absent of none. Which of several the kernel takes is not known.
func (t *taking) oneOf(list []netip.Addr) value {
	if len(list) == 0 && !t.places.blank {
		return absent
	}
	if len(list) == 0 {
		return unspecified
	}
	list = slices.SortedFunc(slices.Values(list), netip.Addr.Compare)
	return anyOf(netfilter.OfAddress(list[0]), netfilter.OfAddress(list[len(list)-1]))
}

func loopback(f netfilter.Family) netip.Addr {
	if f == netfilter.IPv4 {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.IPv6Loopback()
}

// netmap keeps the bits that differ between the first and the last address.
func netmap(old value, a netfilter.NAT) value {
	first := netfilter.OfAddress(a.First)
	host := first.Xor(netfilter.OfAddress(a.Last))
	if old.unknown {
		return anyOf(first, netfilter.OfAddress(a.Last))
	}
	old.Reading = old.Masked(host)
	old.Fixed = old.Fixed.Or(first.And(host.Not()))
	return old
}

// targetPort is the port of a translation: one, one that moves with the packet's, or one of several.
func targetPort(a netfilter.NAT, old value) value {
	switch {
	case a.FirstPort == 0:
		return old
	case a.BasePort != 0 && old.isConstant():
		return number(uint64(uint16(old.Fixed.Low) - a.BasePort + a.FirstPort))
	case a.BasePort != 0 && !old.unknown && old.Keep == netfilter.AllOnes:
		old.Add += a.FirstPort - a.BasePort
		return old
	}
	return anyOf(netfilter.Small(uint64(a.FirstPort)), netfilter.Small(uint64(max(a.LastPort, a.FirstPort))))
}

// apply gives packets their new header. The entry's status says so only where that differs from what it was.
func (t *taking) apply(s state, address, port value) []state {
	old, oldPort := t.ends(s.header).address, t.ends(s.header).port
	if ports := t.space.Has(netfilter.DestinationPort); port != oldPort && !s.packets.Minus(ports).IsEmpty() {
		// Ports are for protocols that have them; others get the address alone.
		rest := t.apply(state{s.packets.Minus(ports), s.header}, address, oldPort)
		return append(rest, t.apply(state{s.packets.And(ports), s.header}, address, port)...)
	}
	same := s.packets.And(t.equal(old, address)).And(t.equal(oldPort, port))
	var list []state
	if !same.IsEmpty() {
		list = append(list, t.changed(state{same, s.header}, func(h *header) { t.done(h) }))
	}
	if other := s.packets.Minus(same); !other.IsEmpty() {
		list = append(list, t.changed(state{other, s.header}, func(h *header) { t.give(h, address, port) }))
	}
	return list
}
