package netfiltertest

import (
	"net/netip"

	"github.com/dockwall/dockwall/internal/netfilter"
	"pgregory.net/rapid"
)

// Addresses4 and Addresses6 are the addresses of the worlds: the host's, its networks' and strangers'.
var (
	Addresses4 = []string{"198.51.100.7", "198.51.100.200", "203.0.113.10", "203.0.113.77", "172.17.0.1", "172.17.0.2", "172.17.0.3", "127.0.0.1"}
	Addresses6 = []string{"2001:db8:1::7", "2001:db8::10", "2001:db8::77", "fd00::1", "fd00::2", "::1"}
)

var ports = []uint64{22, 80, 8123, 8124, 40000}

// domain is what tests of a field look for: numbers that packets of the worlds have, and masks.
type domain struct {
	field  netfilter.Field
	values []uint64
	masks  []uint64
}

var domains = []domain{
	{netfilter.Protocol, []uint64{1, 6, 17, 58, 47}, nil},
	{netfilter.SourcePort, ports, nil}, {netfilter.DestinationPort, ports, []uint64{0xFFFE, 0xFF}},
	{netfilter.OriginalDestinationPort, append([]uint64{0, 0x800}, ports...), nil}, {netfilter.OriginalSourcePort, ports, nil},
	{netfilter.ICMPType, []uint64{0, 8, 3, 128, 135}, nil}, {netfilter.TCPFlags, []uint64{2, 16, 18, 0}, []uint64{2, 18, 23}},
	{netfilter.Length, []uint64{60, 1500}, nil}, {netfilter.TTL, []uint64{1, 64}, nil}, {netfilter.DSCP, []uint64{0, 46}, nil},
	{netfilter.Mark, []uint64{0, 1, 2, 3}, []uint64{1, 2}}, {netfilter.ConntrackMark, []uint64{0, 1, 2}, []uint64{1, 2}},
	{netfilter.ConntrackState, []uint64{1, 2, 8, 64}, nil}, {netfilter.ConntrackStatus, []uint64{0, 16, 32}, []uint64{16, 32, 48}},
	{netfilter.ConntrackDirection, []uint64{0, 1}, nil}, {netfilter.ConntrackProtocol, []uint64{6, 17}, nil},
	{netfilter.SourceType, []uint64{1, 2, 3, 5}, nil}, {netfilter.DestinationType, []uint64{1, 2, 3}, nil}, {netfilter.DestinationTypeIn, []uint64{1, 2}, nil},
	{netfilter.PacketType, []uint64{0, 1}, nil}, {netfilter.ReversePath, []uint64{0, 1}, nil}, {netfilter.NetworkFamily, []uint64{2, 10}, nil},
}

var addressFields = []netfilter.Field{netfilter.SourceAddress, netfilter.DestinationAddress, netfilter.OriginalSource,
	netfilter.OriginalDestination, netfilter.ReplySource, netfilter.ReplyDestination}

// match draws a match; depth allows matches in matches.
func (d drawing) match(depth int) netfilter.Match {
	switch n := rapid.IntRange(0, 19).Draw(d.T, "match"); {
	case n < 9:
		return d.test()
	case n < 13:
		return d.addressTest()
	case n < 16:
		return d.interfaceTest()
	case n == 16:
		return netfilter.Undecided{Text: "limit", Reason: "the rate is not known", Understood: true}
	case n == 17:
		return d.lookup()
	case depth > 0:
		e := netfilter.Either{Negate: rapid.Bool().Draw(d.T, "negate")}
		for range rapid.IntRange(1, 2).Draw(d.T, "alternatives") {
			e.Alternatives = append(e.Alternatives, []netfilter.Match{d.match(0)})
		}
		return e
	}
	return d.test()
}

func (d drawing) test() netfilter.Match {
	on := rapid.SampledFrom(domains).Draw(d.T, "field")
	t := netfilter.Test{Field: on.field, Mask: netfilter.AllOnes, Negate: rapid.IntRange(0, 3).Draw(d.T, "negate") == 0}
	if len(on.masks) > 0 && rapid.Bool().Draw(d.T, "masked") {
		t.Mask = d.number(on.masks)
	}
	first, last := d.number(on.values), d.number(on.values)
	t.Values = netfilter.Between(first, last)
	if len(t.Values) == 0 {
		t.Values = netfilter.NewRanges(netfilter.One(first)[0], netfilter.One(last)[0])
	}
	return t
}

func (d drawing) addressTest() netfilter.Match {
	f := rapid.SampledFrom(addressFields).Draw(d.T, "field")
	return netfilter.Test{Field: f, Mask: netfilter.AllOnes, Values: d.addresses(), Negate: rapid.IntRange(0, 3).Draw(d.T, "negate") == 0}
}

func (d drawing) addresses() netfilter.Ranges {
	a := address(d.T, d.table.Family == netfilter.IPv6)
	p, _ := a.Prefix(rapid.SampledFrom([]int{8, 24, 31, 32}).Draw(d.T, "bits") * a.BitLen() / 32)
	return netfilter.OfPrefix(p)
}

func (d drawing) interfaceTest() netfilter.Match {
	f := rapid.SampledFrom([]netfilter.Field{netfilter.InInterface, netfilter.OutInterface}).Draw(d.T, "field")
	name := rapid.SampledFrom([]netfilter.InterfaceName{{Name: "eno1"}, {Name: "docker0"}, {Name: "docker", Prefix: true}, {Name: "lo"}}).Draw(d.T, "name")
	return netfilter.InterfaceTest{Field: f, Names: []netfilter.InterfaceName{name}, Negate: rapid.Bool().Draw(d.T, "negate")}
}

func (d drawing) lookup() netfilter.Match {
	s := &netfilter.Set{Name: "set"}
	for range rapid.IntRange(0, 3).Draw(d.T, "elements") {
		s.Elements = append(s.Elements, netfilter.Element{Key: []netfilter.Ranges{d.addresses(), numbers(d.number(ports).Low)}})
	}
	return netfilter.Lookup{Fields: uses(netfilter.SourceAddress, netfilter.DestinationPort), Set: s, Negate: rapid.Bool().Draw(d.T, "negate")}
}

func uses(fields ...netfilter.Field) []netfilter.FieldUse {
	var list []netfilter.FieldUse
	for _, f := range fields {
		list = append(list, netfilter.FieldUse{Field: f, Mask: netfilter.AllOnes})
	}
	return list
}

func numbers(list ...uint64) netfilter.Ranges {
	var all []netfilter.Range
	for _, n := range list {
		all = append(all, netfilter.One(netfilter.Small(n))...)
	}
	return netfilter.NewRanges(all...)
}

// Packet draws the first packet of a conversation; in is where it arrives, "" for one of the host.
func Packet(t *rapid.T, f netfilter.Family, in string) netfilter.Packet {
	six := f == netfilter.IPv6
	p := netfilter.Packet{In: in, Source: address(t, six), Destination: address(t, six), Length: 60, DSCP: 0, SourceMAC: [6]byte{2, 0, 0, 0, 0, 7}}
	p.TTL = uint8(rapid.SampledFrom([]uint64{64, 1}).Draw(t, "ttl"))
	if in == "" {
		p.SourceMAC, p.Source = [6]byte{}, own(t, six)
	}
	p.Protocol = uint8(rapid.SampledFrom([]uint64{6, 6, 6, 17, icmp(six), 47}).Draw(t, "protocol"))
	port := func(name string) uint16 { return uint16(rapid.SampledFrom(ports).Draw(t, name)) }
	switch {
	case p.HasPorts():
		p.SourcePort, p.DestinationPort = port("source port"), port("destination port")
		if p.Protocol == 6 {
			p.TCPFlags = uint8(rapid.SampledFrom([]uint64{2, 2, 2, 16, 18, 1}).Draw(t, "flags"))
		}
	case p.Protocol == 1 && !six:
		p.ICMPType = uint8(rapid.SampledFrom([]uint64{8, 0, 3, 13}).Draw(t, "type"))
	case p.Protocol == 58 && six:
		p.ICMPType = uint8(rapid.SampledFrom([]uint64{128, 129, 135}).Draw(t, "type"))
	}
	return p
}

func icmp(six bool) uint64 {
	if six {
		return 58
	}
	return 1
}

// own draws an address of the host.
func own(t *rapid.T, six bool) netip.Addr {
	list := []string{"203.0.113.10", "172.17.0.1", "127.0.0.1"}
	if six {
		list = []string{"2001:db8::10", "fd00::1", "::1"}
	}
	return netip.MustParseAddr(rapid.SampledFrom(list).Draw(t, "own"))
}
