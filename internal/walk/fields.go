package walk

import (
	"net/netip"

	"github.com/dockwall/dockwall/internal/netfilter"
)

func small(n uint64) (netfilter.Number, trilean)    { return netfilter.Small(n), yes }
func missing() (netfilter.Number, trilean)          { return netfilter.Number{}, no }
func unknown() (netfilter.Number, trilean)          { return netfilter.Number{}, maybe }
func addr(a netip.Addr) (netfilter.Number, trilean) { return netfilter.OfAddress(a), yes }

// field reads a numeric field: no where the packet does not have it, maybe where it is not known.
func (r *run) field(f netfilter.Field) (netfilter.Number, trilean) {
	p := &r.packet
	switch f {
	case netfilter.SourceAddress:
		return addr(p.Source)
	case netfilter.DestinationAddress:
		return addr(p.Destination)
	case netfilter.Protocol:
		return small(uint64(p.Protocol))
	case netfilter.SourcePort:
		return r.port(p.SourcePort)
	case netfilter.DestinationPort:
		return r.port(p.DestinationPort)
	case netfilter.NetworkFamily:
		return small(familyNumber(r.family))
	case netfilter.Mark:
		return small(uint64(r.mark))
	}
	switch {
	case f >= netfilter.ConntrackMark && f <= netfilter.ReplyDestinationPort:
		return r.conntrackField(f)
	case f >= netfilter.SourceType && f <= netfilter.ReversePath:
		return r.routeField(f)
	}
	return r.headerField(f)
}

func familyNumber(f netfilter.Family) uint64 { // NFPROTO_*
	if f == netfilter.IPv4 {
		return 2
	}
	return 10
}

func (r *run) port(n uint16) (netfilter.Number, trilean) {
	if !r.packet.HasPorts() {
		return missing()
	}
	return small(uint64(n))
}

// headerField reads the rarer fields of the packet itself.
func (r *run) headerField(f netfilter.Field) (netfilter.Number, trilean) {
	p := &r.packet
	isICMP := (p.Protocol == protocolICMP || p.Protocol == protocolICMPv6) && !p.Fragment
	switch {
	case f == netfilter.ICMPType && isICMP:
		return small(uint64(p.ICMPType))
	case f == netfilter.ICMPCode && isICMP:
		return small(uint64(p.ICMPCode))
	case f == netfilter.TCPFlags && p.Protocol == protocolTCP && !p.Fragment:
		return small(uint64(p.TCPFlags))
	case f == netfilter.Fragment && p.Fragment:
		return small(1)
	case f == netfilter.Fragment:
		return small(0)
	case f == netfilter.Length && p.Length == 0:
		return unknown()
	case f == netfilter.Length:
		return small(uint64(p.Length))
	case f == netfilter.TTL:
		return small(uint64(p.TTL))
	case f == netfilter.DSCP:
		return small(uint64(p.DSCP))
	case f == netfilter.PacketType:
		return small(r.packetType())
	case f == netfilter.SourceMAC:
		return r.sourceMAC()
	case isOwner(f):
		return r.owner(f)
	}
	return missing()
}

// packetType is the kind of link-layer address that the packet came to. A packet of this host has type host, and so has
// one that came over the loopback interface, unless it is for many (nft_meta.c, nft_meta_get_eval_pkttype_lo).
func (r *run) packetType() uint64 {
	const toHost, toAll, toGroup = 0, 1, 2
	if r.in == "" {
		return toHost
	}
	switch d := r.start.packet.Destination; {
	case d.IsMulticast():
		return toGroup
	case d.Is4() && r.w.fib[0].typeOf(d) == typeBroadcast:
		return toAll
	}
	return toHost
}

// sourceMAC is missing where the packet did not arrive over Ethernet, and not known where it did and the question does
// not say it.
func (r *run) sourceMAC() (netfilter.Number, trilean) {
	if l := r.w.links[r.in]; r.in == "" || r.looped || l != nil && l.Loopback || !r.w.isEthernet(r.in) {
		return missing() // xt_mac.c: of the loopback interface neither
	}
	m := r.packet.SourceMAC
	if m == [6]byte{} {
		return unknown()
	}
	n := uint64(0)
	for _, b := range m {
		n = n<<8 | uint64(b)
	}
	return small(n)
}

// isEthernet: tunnels of IP packets have no link-layer header.
func (w *Walker) isEthernet(name string) bool {
	i := w.links[name]
	if i == nil {
		return true
	}
	switch i.Kind {
	case "tun", "wireguard", "ipip", "sit", "gre", "ip6tnl", "ip6gre", "vti", "vti6", "xfrm", "ppp", "ipvti":
		return false
	}
	return true
}

// owner is the user or group of the socket that the packet comes from: only on its way out.
func (r *run) owner(f netfilter.Field) (netfilter.Number, trilean) {
	if !r.ownPacket() {
		return missing()
	}
	o := r.start.question.Owner
	switch {
	case o == nil || r.start.reply:
		return unknown()
	case f == netfilter.OwnerUser:
		return small(uint64(o.User))
	}
	return small(uint64(o.Group))
}

// ownPacket tells whether this host made the packet, and it still has its socket.
func (r *run) ownPacket() bool { return r.start.packet.In == "" && !r.looped }

func (r *run) interfaceName(f netfilter.Field) string {
	switch f {
	case netfilter.InInterface:
		if r.bridged && r.hook == netfilter.Postrouting {
			return "" // br_nf_post_routing hands on none
		}
		return r.in
	case netfilter.OutInterface:
		return r.out
	case netfilter.PhysicalIn:
		return r.packet.PhysicalIn
	case netfilter.PhysicalOut:
		return r.physicalOut
	}
	return ""
}

func isInterface(f netfilter.Field) bool {
	return f >= netfilter.InInterface && f <= netfilter.PhysicalOut
}

// load puts fields where sets can look for them. no: the packet does not have one of them; maybe: one is not known.
func (r *run) load(fields []netfilter.FieldUse) trilean {
	if len(fields) > len(r.key) {
		return maybe
	}
	result := yes
	for i, u := range fields {
		r.names[i] = ""
		if isInterface(u.Field) {
			r.names[i] = r.interfaceName(u.Field)
			continue
		}
		value, have := r.field(u.Field)
		r.key[i] = value.And(u.Mask)
		if have == no {
			return no
		}
		result = min(result, have)
	}
	return result
}
