package packetset

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
	"pgregory.net/rapid"
)

// world is all packets of a tiny world: every combination of a few values of a few fields, of which each set of the test
// is known by enumeration.
type world struct {
	space   *Space
	packets []netfilter.Packet
}

func newWorld() world {
	w := world{space: NewSpace(netfilter.IPv4)}
	for _, protocol := range []uint8{1, 6, 17, 47} {
		for port := range uint16(6) {
			for source := range byte(8) {
				w.packets = append(w.packets, onePacket(protocol, port, source))
			}
		}
	}
	return w
}

func onePacket(protocol uint8, port uint16, source byte) netfilter.Packet {
	p := netfilter.Packet{Protocol: protocol, Source: netip.AddrFrom4([4]byte{10, 0, 0, source}), Destination: netip.MustParseAddr("192.0.2.1")}
	if p.HasPorts() {
		p.DestinationPort = port
	} else if protocol == 1 {
		p.ICMPType = uint8(port)
	}
	return p
}

// piece is a set made in both ways: as a Set, and as what it holds of the world under each value of two unknowns.
type piece struct {
	set  Set
	told [4]map[netfilter.Packet]bool
}

func (w world) test(t *rapid.T) piece {
	field := rapid.SampledFrom([]netfilter.Field{netfilter.Protocol, netfilter.DestinationPort, netfilter.ICMPType, netfilter.SourceAddress}).Draw(t, "field")
	values := drawRanges(t, field)
	mask := netfilter.AllOnes
	if rapid.Bool().Draw(t, "masked") {
		mask = netfilter.Small(uint64(rapid.IntRange(0, 15).Draw(t, "mask"))).Or(netfilter.LowBits(3).Not())
	}
	return w.piece(w.space.Where(field, mask, values), func(p netfilter.Packet, _ int) bool {
		n, has := valueOf(p, field)
		return has && values.Contains(n.And(mask))
	})
}

func (w world) piece(s Set, holds func(netfilter.Packet, int) bool) piece {
	p := piece{set: s}
	for u := range p.told {
		p.told[u] = map[netfilter.Packet]bool{}
		for _, packet := range w.packets {
			p.told[u][packet] = holds(packet, u)
		}
	}
	return p
}

func drawRanges(t *rapid.T, f netfilter.Field) netfilter.Ranges {
	base := uint64(0)
	if f == netfilter.SourceAddress {
		base = 10 << 24
	}
	var list []netfilter.Range
	for range rapid.IntRange(0, 3).Draw(t, "ranges") {
		first := base + uint64(rapid.IntRange(0, 7).Draw(t, "first"))
		list = append(list, netfilter.Range{First: netfilter.Small(first), Last: netfilter.Small(first + uint64(rapid.IntRange(0, 12).Draw(t, "more")))})
	}
	return netfilter.NewRanges(list...)
}

func valueOf(p netfilter.Packet, f netfilter.Field) (netfilter.Number, bool) {
	switch f {
	case netfilter.Protocol:
		return netfilter.Small(uint64(p.Protocol)), true
	case netfilter.DestinationPort:
		return netfilter.Small(uint64(p.DestinationPort)), p.HasPorts()
	case netfilter.ICMPType:
		return netfilter.Small(uint64(p.ICMPType)), p.Protocol == 1
	}
	return netfilter.OfAddress(p.Source), true
}

func TestSetsHoldWhatEnumerationSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		unknowns := []Set{w.space.Undecided("a rate"), w.space.Undecided("the time")}
		pieces := []piece{w.test(t)}
		for range rapid.IntRange(1, 12).Draw(t, "operations") {
			a, b := rapid.SampledFrom(pieces).Draw(t, "a"), w.operand(t, unknowns, pieces)
			pieces = append(pieces, w.combined(t, a, b))
		}
		w.check(t, pieces[len(pieces)-1], pieces)
	})
}

func (w world) operand(t *rapid.T, unknowns []Set, pieces []piece) piece {
	switch rapid.IntRange(0, 3).Draw(t, "operand") {
	case 0:
		return rapid.SampledFrom(pieces).Draw(t, "b")
	case 1:
		i := rapid.IntRange(0, 1).Draw(t, "unknown")
		return w.piece(unknowns[i], func(_ netfilter.Packet, u int) bool { return u>>i&1 == 1 })
	}
	return w.test(t)
}

func (w world) combined(t *rapid.T, a, b piece) piece {
	switch rapid.IntRange(0, 3).Draw(t, "operation") {
	case 0:
		return w.piece(a.set.And(b.set), func(p netfilter.Packet, u int) bool { return a.told[u][p] && b.told[u][p] })
	case 1:
		return w.piece(a.set.Or(b.set), func(p netfilter.Packet, u int) bool { return a.told[u][p] || b.told[u][p] })
	case 2:
		return w.piece(a.set.Minus(b.set), func(p netfilter.Packet, u int) bool { return a.told[u][p] && !b.told[u][p] })
	}
	return w.piece(a.set.Not(), func(p netfilter.Packet, u int) bool { return !a.told[u][p] })
}

// check compares membership, and that examples and projections are of members only, and what is said of meeting others.
func (w world) check(t *rapid.T, p piece, others []piece) {
	protocols := map[netfilter.Number]bool{}
	for _, packet := range w.packets {
		always, sometimes := true, false
		for _, told := range p.told {
			always, sometimes = always && told[packet], sometimes || told[packet]
		}
		certainly, possibly := p.set.Contains(packet)
		if certainly != always || possibly != sometimes {
			t.Fatalf("%+v: %v %v, want %v %v", packet, certainly, possibly, always, sometimes)
		}
		if c, _ := p.set.Certainly().Contains(packet); c != always {
			t.Fatalf("Certainly of %+v: %v", packet, c)
		}
		if c, _ := p.set.Possibly().Contains(packet); c != sometimes {
			t.Fatalf("Possibly of %+v: %v", packet, c)
		}
		protocols[netfilter.Small(uint64(packet.Protocol))] = protocols[netfilter.Small(uint64(packet.Protocol))] || sometimes
	}
	for _, o := range others {
		if met := p.set.Meets(o.set); met == p.set.And(o.set).IsEmpty() {
			t.Fatalf("the sets meet: %v", met)
		}
	}
	ranges := p.set.Ranges(netfilter.Protocol)
	for n, some := range protocols {
		if some && !ranges.Contains(n) {
			t.Fatalf("protocol %d is not in %v", n.Low, ranges)
		}
	}
	example, found := p.set.Example()
	if found == p.set.IsEmpty() {
		t.Fatalf("an example was found: %v", found)
	}
	if _, possibly := p.set.Contains(example); found && !possibly {
		t.Fatalf("the example %+v is not in the set", example)
	}
}

func TestRangesProjectExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := NewSpace(netfilter.IPv4)
		port, want := s.None(), netfilter.Ranges(nil)
		for range rapid.IntRange(1, 6).Draw(t, "pieces") {
			values := drawRanges(t, netfilter.DestinationPort)
			sources := drawRanges(t, netfilter.SourceAddress)
			both := s.Where(netfilter.DestinationPort, netfilter.AllOnes, values).And(s.Where(netfilter.SourceAddress, netfilter.AllOnes, sources))
			port = port.Or(both)
			if len(sources) > 0 {
				want = want.Union(values)
			}
		}
		if got := port.Ranges(netfilter.DestinationPort); !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
