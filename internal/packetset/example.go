package packetset

import (
	"net/netip"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Example is a packet possibly in the set, as typical and as readable as the set allows: a TCP connection that begins,
// from port 40000 of 198.51.100.7. Its interface is left to the caller. false: the set is empty.
func (a Set) Example() (netfilter.Packet, bool) {
	a = a.Possibly()
	if a.IsEmpty() {
		return netfilter.Packet{}, false
	}
	granted := a.space.All()
	for _, w := range wishes[a.space.family] {
		more := granted.And(a.space.Where(w.field, netfilter.AllOnes, w.values))
		if a.Meets(more) {
			granted = more
		}
	}
	a = a.And(granted)
	return a.packet(a.space.lowest(a.node)), true
}

// wish is a value that one would like a field of an example to have.
type wish struct {
	field  netfilter.Field
	values netfilter.Ranges
}

// wishes come in the order of their weight; for one field the more special first, so that later ones change nothing.
var wishes = map[netfilter.Family][]wish{
	netfilter.IPv4: concat(protocolWishes, icmpWishes(8), addressWishes("198.51.100.7", "198.51.100.0/24", "203.0.113.0/24",
		"192.0.2.0/24", "10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12", "1.0.0.0-126.255.255.255"), headerWishes),
	netfilter.IPv6: concat(protocolWishes, icmpWishes(128), addressWishes("2001:db8::7", "2001:db8::/32", "fd00::/8", "2000::/3"),
		headerWishes),
}

var protocolWishes = []wish{
	{netfilter.Protocol, numbers(6)}, {netfilter.Protocol, numbers(17)}, {netfilter.Protocol, numbers(1, 58)},
	{netfilter.Protocol, numbers(132)}, {netfilter.TCPFlags, numbers(2)}, {netfilter.TCPFlags, numbers(16)},
}

var headerWishes = []wish{
	{netfilter.DestinationPort, netfilter.Between(netfilter.Small(1), netfilter.Small(65535))},
	{netfilter.SourcePort, numbers(40000)}, {netfilter.SourcePort, netfilter.Between(netfilter.Small(32768), netfilter.Small(60999))},
	{netfilter.SourcePort, netfilter.Between(netfilter.Small(1), netfilter.Small(65535))},
	{netfilter.DSCP, numbers(0)}, {netfilter.TTL, numbers(64)}, {netfilter.Length, numbers(60)},
	{netfilter.SourceMAC, numbers(0x020000000007)},
}

func icmpWishes(echo uint64) []wish {
	return []wish{{netfilter.ICMPType, numbers(echo)}, {netfilter.ICMPCode, numbers(0)}}
}

// addressWishes are for the source; a destination comes from the rest of them, since it mostly is what was asked for.
func addressWishes(list ...string) []wish {
	var sources, destinations []wish
	for _, text := range list {
		ranges := addresses(text)
		sources = append(sources, wish{netfilter.SourceAddress, ranges})
		destinations = append(destinations, wish{netfilter.DestinationAddress, ranges})
	}
	return concat(sources, destinations[2:], destinations[:2])
}

func addresses(text string) netfilter.Ranges {
	if p, err := netip.ParsePrefix(text); err == nil {
		host := netfilter.OfPrefix(p)[0]
		return netfilter.Between(host.First.Next(), host.Last.Previous()) // neither the network's nor the broadcast address
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return netfilter.One(netfilter.OfAddress(a))
	}
	return netfilter.Between(netfilter.OfAddress(netip.MustParseAddr("1.0.0.1")), netfilter.OfAddress(netip.MustParseAddr("126.255.255.254")))
}

func concat(lists ...[]wish) []wish {
	var all []wish
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// lowest is the bits, by level, of one packet of a set: 0 wherever that is in it.
func (s *Space) lowest(a int32) map[int32]bool {
	set := map[int32]bool{}
	for a != all && a != gaveUp {
		n := s.nodes[a]
		if a = n.low; a == none {
			a, set[n.level] = n.high, true
		}
	}
	return set
}
