package walk

import (
	"fmt"
	"net/netip"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Tuple is one direction of a conversation as conntrack has it (struct nf_conntrack_tuple). For ICMP the source port is the
// id, the destination port type<<8 | code.
type Tuple struct {
	Source, Destination         netip.Addr
	Protocol                    uint8
	SourcePort, DestinationPort uint16
}

const (
	protocolICMP   = 1
	protocolTCP    = 6
	protocolUDP    = 17
	protocolICMPv6 = 58
	protocolSCTP   = 132
)

func (t *Tuple) isICMP() bool { return t.Protocol == protocolICMP || t.Protocol == protocolICMPv6 }

// tupleOf is nf_ct_get_tuple.
func tupleOf(p *netfilter.Packet) Tuple {
	t := Tuple{Source: p.Source, Destination: p.Destination, Protocol: p.Protocol}
	switch {
	case t.isICMP():
		t.SourcePort, t.DestinationPort = p.ICMPID, uint16(p.ICMPType)<<8|uint16(p.ICMPCode)
	case p.HasPorts():
		t.SourcePort, t.DestinationPort = p.SourcePort, p.DestinationPort
	}
	return t
}

// inverse is the tuple of the answers (nf_ct_invert_tuple); false where nothing answers such a message.
func (t *Tuple) inverse() (Tuple, bool) {
	i := Tuple{Source: t.Destination, Destination: t.Source, Protocol: t.Protocol}
	if !t.isICMP() {
		i.SourcePort, i.DestinationPort = t.DestinationPort, t.SourcePort
		return i, true
	}
	answer, ok := icmpAnswer(t.Protocol, uint8(t.DestinationPort>>8))
	i.SourcePort, i.DestinationPort = t.SourcePort, uint16(answer)<<8|t.DestinationPort&0xff
	return i, ok
}

// icmpAnswer is the type that answers a type: the invmap of nf_conntrack_proto_icmp.c and nf_conntrack_proto_icmpv6.c.
func icmpAnswer(protocol, kind uint8) (uint8, bool) {
	pairs := [][2]uint8{{8, 0}, {13, 14}, {15, 16}, {17, 18}}
	if protocol == protocolICMPv6 {
		pairs = [][2]uint8{{128, 129}, {139, 140}}
	}
	for _, pair := range pairs {
		switch kind {
		case pair[0]:
			return pair[1], true
		case pair[1]:
			return pair[0], true
		}
	}
	return 0, false
}

// begins tells whether an ICMP type can begin a conversation (valid_new there).
func begins(protocol, kind uint8) bool {
	if protocol == protocolICMPv6 {
		return kind == 128 || kind == 139
	}
	return kind == 8 || kind == 13 || kind == 15 || kind == 17
}

func (t Tuple) String() string {
	if t.isICMP() || t.SourcePort == 0 && t.DestinationPort == 0 {
		return fmt.Sprintf("%s → %s", t.Source, t.Destination)
	}
	return fmt.Sprintf("%s → %s", netip.AddrPortFrom(t.Source, t.SourcePort), netip.AddrPortFrom(t.Destination, t.DestinationPort))
}
