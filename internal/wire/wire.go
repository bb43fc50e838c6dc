// Package wire writes packets as they go over a link: what tests put before the kernel.
package wire

import (
	"encoding/binary"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Packet is a packet with all that decides its bytes. Of In and SourceMAC nothing is in them.
type Packet struct {
	netfilter.Packet        // Length 0: as long as its headers; TTL 0: 64
	ID               uint32 // IPv4's identification (16 bits) or IPv6's flow label (20 bits)
	Sequence         uint32 // of TCP
	Acknowledge      uint32
	Chunk            uint8 // of SCTP; 0: INIT
	Tag              uint32
}

// Numbers in the IP header.
const (
	icmp   = 1
	tcp    = 6
	udp    = 17
	dccp   = 33
	icmpv6 = 58
	sctp   = 132
	lite   = 136
)

// Bytes is the packet from its IP header on.
func (p Packet) Bytes() []byte {
	header, transport := 40, p.transport()
	if p.Family() == netfilter.IPv4 {
		header = 20
	}
	if missing := int(p.Length) - header - len(transport); missing > 0 && p.Protocol != sctp && p.Protocol != dccp {
		transport = append(transport, make([]byte, missing)...)
	}
	p.finish(transport)
	if p.Family() == netfilter.IPv4 {
		return append(p.header4(len(transport)), transport...)
	}
	return append(p.header6(len(transport)), transport...)
}

// header4 is an IPv4 header (RFC 791) for a payload of the given length in bytes.
func (p Packet) header4(payload int) []byte {
	h := make([]byte, 20)
	h[0], h[1] = 0x45, p.DSCP<<2
	binary.BigEndian.PutUint16(h[2:], uint16(20+payload))
	binary.BigEndian.PutUint16(h[4:], uint16(p.ID))
	if p.Fragment {
		binary.BigEndian.PutUint16(h[6:], 100) // in units of 8 bytes
	}
	h[8], h[9] = p.ttl(), p.Protocol
	copy(h[12:], p.Source.AsSlice())
	copy(h[16:], p.Destination.AsSlice())
	binary.BigEndian.PutUint16(h[10:], checksum(h))
	return h
}

// header6 is an IPv6 header (RFC 8200).
func (p Packet) header6(payload int) []byte {
	h := make([]byte, 40)
	binary.BigEndian.PutUint32(h, 6<<28|uint32(p.DSCP)<<22|p.ID&0xfffff)
	binary.BigEndian.PutUint16(h[4:], uint16(payload))
	h[6], h[7] = p.Protocol, p.ttl()
	copy(h[8:], p.Source.AsSlice())
	copy(h[24:], p.Destination.AsSlice())
	return h
}

func (p Packet) ttl() byte {
	if p.TTL == 0 {
		return 64
	}
	return p.TTL
}

// checksum is the Internet checksum (RFC 1071).
func checksum(data []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(data); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(data[i:]))
	}
	if len(data)%2 == 1 {
		sum += uint32(data[len(data)-1]) << 8
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
