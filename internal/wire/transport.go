package wire

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// transport is the transport header with its checksum still 0.
func (p Packet) transport() []byte {
	switch p.Protocol {
	case tcp:
		return p.tcp()
	case udp, lite:
		return p.udp()
	case sctp:
		return p.sctp()
	case dccp:
		return p.dccp()
	case icmp, icmpv6:
		return p.icmp()
	}
	return make([]byte, 8)
}

// finish puts the checksum where the protocol has one.
func (p Packet) finish(t []byte) {
	switch p.Protocol {
	case tcp:
		binary.BigEndian.PutUint16(t[16:], p.sum(t))
	case udp, lite, dccp:
		binary.BigEndian.PutUint16(t[6:], p.sum(t))
	case icmpv6:
		binary.BigEndian.PutUint16(t[2:], p.sum(t))
	case icmp:
		binary.BigEndian.PutUint16(t[2:], checksum(t))
	case sctp: // CRC32c in little-endian order (RFC 9260, section 6.8)
		binary.LittleEndian.PutUint32(t[8:], crc32.Checksum(t, crc32.MakeTable(crc32.Castagnoli)))
	}
}

// sum is the transport checksum with the pseudo header of the packet's family.
func (p Packet) sum(transport []byte) uint16 {
	pseudo := append(p.Source.AsSlice(), p.Destination.AsSlice()...)
	pseudo = append(pseudo, 0, p.Protocol, byte(len(transport)>>8), byte(len(transport)))
	return checksum(append(pseudo, transport...))
}

func (p Packet) ports(transport []byte) {
	binary.BigEndian.PutUint16(transport, p.SourcePort)
	binary.BigEndian.PutUint16(transport[2:], p.DestinationPort)
}

// tcp is a TCP header (RFC 9293) without options.
func (p Packet) tcp() []byte {
	t := make([]byte, 20)
	p.ports(t)
	binary.BigEndian.PutUint32(t[4:], p.Sequence)
	binary.BigEndian.PutUint32(t[8:], p.Acknowledge)
	t[12], t[13] = 5<<4, p.TCPFlags
	binary.BigEndian.PutUint16(t[14:], 65535)
	return t
}

// udp is a UDP header (RFC 768). In UDP-Lite's the length is how much the checksum covers, 0 for all (RFC 3828).
func (p Packet) udp() []byte {
	header := 48
	if p.Family() == netfilter.IPv4 {
		header = 28
	}
	t := make([]byte, 8)
	p.ports(t)
	if p.Protocol == udp {
		binary.BigEndian.PutUint16(t[4:], uint16(8+max(0, int(p.Length)-header)))
	}
	return t
}

// icmp is an ICMP (RFC 792) or ICMPv6 (RFC 4443) message; its id counts for echoes.
func (p Packet) icmp() []byte {
	t := make([]byte, 8)
	t[0], t[1] = p.ICMPType, p.ICMPCode
	binary.BigEndian.PutUint16(t[4:], p.ICMPID)
	return t
}

// SCTP's chunks that open an association.
const (
	Init       = 1
	InitAck    = 2
	CookieEcho = 10
)

// sctp is one chunk: INIT, which opens an association (RFC 9260, section 3.3.2), INIT ACK of the same form, or COOKIE
// ECHO. The initiate tag is 1.
func (p Packet) sctp() []byte {
	t := make([]byte, 12+20)
	p.ports(t)
	binary.BigEndian.PutUint32(t[4:], p.Tag)
	chunk := t[12:]
	chunk[0] = max(p.Chunk, Init)
	binary.BigEndian.PutUint16(chunk[2:], 20)
	binary.BigEndian.PutUint32(chunk[4:], 1) // initiate tag
	binary.BigEndian.PutUint32(chunk[8:], 65535)
	binary.BigEndian.PutUint16(chunk[12:], 1)
	binary.BigEndian.PutUint16(chunk[14:], 1)
	binary.BigEndian.PutUint32(chunk[16:], 1)
	return t
}

// dccp is a DCCP-Request (RFC 4340, section 5).
func (p Packet) dccp() []byte {
	t := make([]byte, 20)
	p.ports(t)
	t[4] = 5 // data offset, in words
	t[8] = 1 // type REQUEST (0), extended sequence numbers
	return t
}
