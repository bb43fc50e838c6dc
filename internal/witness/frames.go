package witness

import (
	"encoding/binary"
	"net/netip"

	"github.com/dockwall/dockwall/internal/host"
)

// packet is one packet of a conversation, in the direction it travels.
type packet struct {
	source, destination         netip.Addr
	protocol                    host.Protocol
	sourcePort, destinationPort uint16 // ICMP echo: the identifier in sourcePort
	flags                       byte   // of TCP
	sequence, acknowledge       uint32
}

// The TCP flags used (RFC 9293, section 3.1).
const (
	syn = 0x02
	ack = 0x10
)

// bytes is the packet as it goes over the link: IP header, transport header, no payload.
func (p packet) bytes() []byte {
	transport := p.transport()
	if p.source.Is4() {
		return append(p.header4(len(transport)), transport...)
	}
	return append(p.header6(len(transport)), transport...)
}

// wireProtocol is the number in the IP header: the echo of IPv6 is ICMPv6.
func (p packet) wireProtocol() byte {
	if p.protocol == host.ICMP && p.source.Is6() {
		return 58
	}
	return byte(p.protocol)
}

// header4 is an IPv4 header (RFC 791) for a payload of the given length in bytes.
func (p packet) header4(payload int) []byte {
	h := make([]byte, 20)
	h[0] = 0x45
	binary.BigEndian.PutUint16(h[2:], uint16(20+payload))
	h[8], h[9] = 64, p.wireProtocol()
	copy(h[12:], p.source.AsSlice())
	copy(h[16:], p.destination.AsSlice())
	binary.BigEndian.PutUint16(h[10:], checksum(h))
	return h
}

// header6 is an IPv6 header (RFC 8200).
func (p packet) header6(payload int) []byte {
	h := make([]byte, 40)
	h[0] = 0x60
	binary.BigEndian.PutUint16(h[4:], uint16(payload))
	h[6], h[7] = p.wireProtocol(), 64
	copy(h[8:], p.source.AsSlice())
	copy(h[24:], p.destination.AsSlice())
	return h
}

func (p packet) transport() []byte {
	switch p.protocol {
	case host.TCP:
		return p.tcp()
	case host.UDP:
		return p.udp()
	case host.SCTP:
		return p.sctp()
	}
	return p.echo()
}

func (p packet) tcp() []byte {
	t := make([]byte, 20)
	p.ports(t)
	binary.BigEndian.PutUint32(t[4:], p.sequence)
	binary.BigEndian.PutUint32(t[8:], p.acknowledge)
	t[12], t[13] = 5<<4, p.flags
	binary.BigEndian.PutUint16(t[14:], 65535)
	binary.BigEndian.PutUint16(t[16:], p.sum(t))
	return t
}

func (p packet) udp() []byte {
	t := make([]byte, 8)
	p.ports(t)
	binary.BigEndian.PutUint16(t[4:], 8)
	binary.BigEndian.PutUint16(t[6:], p.sum(t))
	return t
}

func (p packet) ports(transport []byte) {
	binary.BigEndian.PutUint16(transport, p.sourcePort)
	binary.BigEndian.PutUint16(transport[2:], p.destinationPort)
}

// echo is an ICMP echo request (RFC 792) or an ICMPv6 one (RFC 4443).
func (p packet) echo() []byte {
	t := make([]byte, 8)
	t[0] = 8
	if p.source.Is6() {
		t[0] = 128
	}
	binary.BigEndian.PutUint16(t[4:], p.sourcePort)
	if p.source.Is6() {
		binary.BigEndian.PutUint16(t[2:], p.sum(t))
	} else {
		binary.BigEndian.PutUint16(t[2:], checksum(t))
	}
	return t
}

// sum is the transport checksum with the pseudo header of the packet's family.
func (p packet) sum(transport []byte) uint16 {
	pseudo := append(p.source.AsSlice(), p.destination.AsSlice()...)
	pseudo = append(pseudo, 0, p.wireProtocol(), 0, byte(len(transport)))
	return checksum(append(pseudo, transport...))
}

// checksum is the Internet checksum (RFC 1071). Data has an even length.
func checksum(data []byte) uint16 {
	var sum uint32
	for i := 0; i < len(data); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(data[i:]))
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
