package witness

import (
	"net/netip"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/wire"
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
	w := wire.Packet{Packet: netfilter.Packet{Source: p.source, Destination: p.destination, Protocol: byte(p.protocol),
		SourcePort: p.sourcePort, DestinationPort: p.destinationPort, TCPFlags: p.flags}, Sequence: p.sequence,
		Acknowledge: p.acknowledge}
	if p.protocol == host.ICMP {
		w.ICMPType, w.ICMPID = 8, p.sourcePort
		if p.source.Is6() {
			w.Protocol, w.ICMPType = 58, 128 // the echo of IPv6 is ICMPv6's
		}
	}
	return w.Bytes()
}
