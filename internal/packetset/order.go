package packetset

import "github.com/dockwall/dockwall/internal/netfilter"

// place is where a field's bits stand: the level of its highest bit, and how many there are.
type place struct {
	first int32
	bits  int
}

// places bounds the numbers of the model's fields.
const places = 64

// order is the order of the fields' bits, the highest bit of each first. Rules speak of a protocol and a port first and
// then of who may use it, so that with these on top each port and each client has a path of its own, and all paths end in
// the same diagrams of what most rules have in common: the destinations that lead into containers, the flags of packets
// that begin a conversation. What few rules look at stands at the end, where it costs nothing unless it is used.
//
// Most of these fields are no variables of an arriving packet (its conntrack fields are copies of others, its mark is
// 0); they are for whoever judges a chain by itself, where every field can have every value.
var order = []netfilter.Field{
	netfilter.InInterface, netfilter.OutInterface, // a number that the user of the space gives each interface
	netfilter.ConntrackDirection, netfilter.ConntrackState, netfilter.ConntrackStatus,
	netfilter.Protocol, netfilter.ConntrackProtocol,
	netfilter.OriginalDestinationPort, netfilter.DestinationPort, netfilter.ReplySourcePort,
	netfilter.Mark, netfilter.ConntrackMark,
	netfilter.SourceType, netfilter.DestinationType, netfilter.SourceTypeIn, netfilter.SourceTypeOut,
	netfilter.DestinationTypeIn, netfilter.DestinationTypeOut, netfilter.ReversePath,
	netfilter.OriginalSource, netfilter.SourceAddress, netfilter.OriginalDestination, netfilter.DestinationAddress,
	netfilter.ReplySource, netfilter.ReplyDestination,
	netfilter.TCPFlags, netfilter.SourcePort, netfilter.OriginalSourcePort, netfilter.ReplyDestinationPort,
	netfilter.OwnerUser, netfilter.OwnerGroup,
	netfilter.PacketType, netfilter.DSCP, netfilter.TTL, netfilter.Length, netfilter.SourceMAC,
	netfilter.PhysicalIn, netfilter.PhysicalOut,
}

// bitsOf are the fields' sizes; addresses depend on the family. Fields that are not here take no room: the family and
// later fragments are the same for all packets of a space (conntrack puts fragments together before any rule sees them).
var bitsOf = map[netfilter.Field]int{
	netfilter.InInterface: 16, netfilter.OutInterface: 16, netfilter.PhysicalIn: 16, netfilter.PhysicalOut: 16,
	netfilter.Protocol: 8, netfilter.SourcePort: 16, netfilter.DestinationPort: 16, netfilter.TCPFlags: 8,
	netfilter.Length: 16, netfilter.TTL: 8, netfilter.DSCP: 6, netfilter.PacketType: 8, netfilter.SourceMAC: 48,
	netfilter.OwnerUser: 32, netfilter.OwnerGroup: 32, netfilter.Mark: 32, netfilter.ConntrackMark: 32,
	netfilter.ConntrackState: 7, netfilter.ConntrackStatus: 16, netfilter.ConntrackDirection: 1,
	netfilter.ConntrackProtocol: 8, netfilter.OriginalSourcePort: 16, netfilter.OriginalDestinationPort: 16,
	netfilter.ReplySourcePort: 16, netfilter.ReplyDestinationPort: 16,
	netfilter.SourceType: 8, netfilter.DestinationType: 8, netfilter.SourceTypeIn: 8, netfilter.SourceTypeOut: 8,
	netfilter.DestinationTypeIn: 8, netfilter.DestinationTypeOut: 8, netfilter.ReversePath: 1,
}

// layOut gives each field its levels. The ICMP type and code share the bits of the destination port, as they do in
// conntrack's tuple (include/net/netfilter/nf_conntrack_tuple.h), and the id of an echo those of the source port: the
// protocol tells them apart, and no set may ask for either without asking for the protocol (see Has).
func layOut(f netfilter.Family) [places]place {
	var laid [places]place
	next := int32(0)
	for _, field := range order {
		bits, small := bitsOf[field]
		if !small {
			bits = addressBits(f)
		}
		laid[field] = place{next, bits}
		next += int32(bits)
	}
	port := laid[netfilter.DestinationPort]
	laid[netfilter.ICMPType] = place{port.first, 8}
	laid[netfilter.ICMPCode] = place{port.first + 8, 8}
	laid[netfilter.NoField] = place{next, 0}
	return laid
}

func addressBits(f netfilter.Family) int {
	if f == netfilter.IPv4 {
		return 32
	}
	return 128
}

// Bits is how many bits a field has in this space; 0 for fields that are no variables.
func (s *Space) Bits(f netfilter.Field) int { return s.places[f].bits }

// unknownsFrom is the level of the first unknown: below all fields.
func (s *Space) unknownsFrom() int32 { return s.places[netfilter.NoField].first }
