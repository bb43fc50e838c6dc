package packetset

import (
	"encoding/binary"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// packet is the packet with these bits set.
func (a Set) packet(set map[int32]bool) netfilter.Packet {
	value := func(f netfilter.Field) netfilter.Number { return a.space.value(f, set) }
	p := netfilter.Packet{
		Protocol: uint8(value(netfilter.Protocol).Low),
		Source:   value(netfilter.SourceAddress).Address(a.space.family), Destination: value(netfilter.DestinationAddress).Address(a.space.family),
		Length: uint16(value(netfilter.Length).Low), TTL: uint8(value(netfilter.TTL).Low), DSCP: uint8(value(netfilter.DSCP).Low),
	}
	source, destination := uint16(value(netfilter.SourcePort).Low), uint16(value(netfilter.DestinationPort).Low)
	switch {
	case p.HasPorts():
		p.SourcePort, p.DestinationPort = source, destination
	case p.Protocol == 1 && a.space.family == netfilter.IPv4, p.Protocol == 58 && a.space.family == netfilter.IPv6:
		p.ICMPType, p.ICMPCode, p.ICMPID = uint8(destination>>8), uint8(destination), source
	}
	if p.Protocol == 6 {
		p.TCPFlags = uint8(value(netfilter.TCPFlags).Low)
	}
	var mac [8]byte
	binary.BigEndian.PutUint64(mac[:], value(netfilter.SourceMAC).Low)
	copy(p.SourceMAC[:], mac[2:])
	return p
}

func (s *Space) value(f netfilter.Field, set map[int32]bool) netfilter.Number {
	var n netfilter.Number
	at := s.places[f]
	for i := range at.bits {
		n = netfilter.Number{High: n.High<<1 | n.Low>>63, Low: n.Low << 1}
		if set[at.first+int32(i)] {
			n.Low |= 1
		}
	}
	return n
}
