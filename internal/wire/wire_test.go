package wire

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Every checksum is right, and the headers say how long the packet is: else the kernel would call it invalid.
func TestPacketsAreWhole(t *testing.T) {
	for _, ends := range [][2]string{{"192.0.2.1", "198.51.100.2"}, {"2001:db8::1", "2001:db8::2"}} {
		for _, protocol := range []uint8{tcp, udp, sctp, icmp, icmpv6, lite, 50} {
			for _, length := range []uint16{0, 61, 101, 500} {
				p := Packet{Packet: netfilter.Packet{Source: netip.MustParseAddr(ends[0]), Destination: netip.MustParseAddr(ends[1]),
					Protocol: protocol, SourcePort: 4000, DestinationPort: 80, TCPFlags: 2, Length: length, ICMPType: 8}, ID: 0x1234}
				check(t, p, p.Bytes())
			}
		}
	}
}

func check(t *testing.T, p Packet, b []byte) {
	t.Helper()
	header, said, id := 20, binary.BigEndian.Uint16(b[2:]), uint32(binary.BigEndian.Uint16(b[4:]))
	if p.Family() == netfilter.IPv6 {
		header, said, id = 40, 40+binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint32(b)&0xfffff
	} else if sum := checksum(b[:20]); sum != 0 {
		t.Errorf("protocol %d: the IP checksum is wrong by %#x", p.Protocol, sum)
	}
	if int(said) != len(b) || id != p.ID {
		t.Errorf("protocol %d: the header says %d bytes of %d, id %#x", p.Protocol, said, len(b), id)
	}
	switch p.Protocol {
	case tcp, udp, lite, icmpv6:
		if sum := p.sum(b[header:]); sum != 0 {
			t.Errorf("protocol %d, %d bytes: the checksum is wrong by %#x", p.Protocol, len(b), sum)
		}
	case icmp:
		if sum := checksum(b[header:]); sum != 0 {
			t.Errorf("icmp: the checksum is wrong by %#x", sum)
		}
	}
}
