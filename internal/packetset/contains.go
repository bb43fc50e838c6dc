package packetset

import (
	"encoding/binary"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Contains tells whether one packet is in the set certainly, and whether possibly. Fields that a netfilter.Packet does
// not have (a mark, a user) are 0.
func (a Set) Contains(p netfilter.Packet) (certainly, possibly bool) {
	at, bits := a.node, a.space.bitsOf(p)
	for at > gaveUp && a.space.nodes[at].level < a.space.unknownsFrom() {
		n := a.space.nodes[at]
		if at = n.low; bits[n.level] {
			at = n.high
		}
	}
	return at == all, at != none
}

// bitsOf are the packet's bits by level.
func (s *Space) bitsOf(p netfilter.Packet) []bool {
	bits := make([]bool, s.unknownsFrom())
	mac := binary.BigEndian.Uint64(append([]byte{0, 0}, p.SourceMAC[:]...))
	for f, n := range map[netfilter.Field]netfilter.Number{
		netfilter.Protocol:           netfilter.Small(uint64(p.Protocol)),
		netfilter.SourceAddress:      netfilter.OfAddress(p.Source),
		netfilter.DestinationAddress: netfilter.OfAddress(p.Destination),
		netfilter.TCPFlags:           netfilter.Small(uint64(p.TCPFlags)),
		netfilter.Length:             netfilter.Small(uint64(p.Length)),
		netfilter.TTL:                netfilter.Small(uint64(p.TTL)),
		netfilter.DSCP:               netfilter.Small(uint64(p.DSCP)),
		netfilter.SourceMAC:          netfilter.Small(mac),
		netfilter.SourcePort:         netfilter.Small(uint64(p.SourcePort | p.ICMPID)),
		netfilter.DestinationPort:    netfilter.Small(uint64(p.DestinationPort) | uint64(p.ICMPType)<<8 | uint64(p.ICMPCode)),
	} {
		at := s.places[f]
		for i := range at.bits {
			bits[at.first+int32(i)] = n.Bit(at.bits - 1 - i)
		}
	}
	return bits
}
