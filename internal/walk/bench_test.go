package walk

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// linear has n rules in DOCKER-USER, none of which fits the packet.
func linear(b *testing.B, n int) *netfilter.Machine {
	lines := []string{"-A FORWARD -j DOCKER-USER"}
	for i := range n {
		lines = append(lines, fmt.Sprintf("-A DOCKER-USER -s 10.%d.%d.0/24 -p tcp -m conntrack --ctstate NEW -m tcp --dport %d -j DROP", i>>8&255, i&255, 1+i%60000))
	}
	return machine(b, published+save("filter", lines...), "")
}

// dispatching looks everything up: by interface, by protocol and port, by source.
func dispatching(b *testing.B, n int) *netfilter.Machine {
	m := machine(b, published, "")
	sources := &netfilter.Set{Name: "sources"}
	for i := range n {
		a := netip.AddrFrom4([4]byte{10, byte(i >> 14), byte(i >> 6), byte(i << 2)})
		sources.Elements = append(sources.Elements, netfilter.Element{Key: []netfilter.Ranges{netfilter.OfPrefix(netip.PrefixFrom(a, 30))}})
	}
	ports := &netfilter.Set{Name: "ports"}
	for i := range 500 {
		ports.Elements = append(ports.Elements, netfilter.Element{Key: []netfilter.Ranges{netfilter.One(netfilter.Small(6)), netfilter.One(netfilter.Small(uint64(8000 + i)))},
			Verdict: &netfilter.Verdict{Kind: netfilter.Jump, Chain: fmt.Sprintf("port%d", i)}})
	}
	use := func(fields ...netfilter.Field) (uses []netfilter.FieldUse) {
		for _, f := range fields {
			uses = append(uses, netfilter.FieldUse{Field: f, Mask: netfilter.AllOnes})
		}
		return uses
	}
	table := &netfilter.Table{Family: netfilter.Inet, Name: "gate"}
	chainOf(table, "forward", &netfilter.Base{Hook: netfilter.Forward, Priority: -10, Policy: netfilter.Accept},
		[]netfilter.Step{netfilter.VerdictMap{Fields: use(netfilter.ConntrackProtocol, netfilter.OriginalDestinationPort), Set: ports}},
		[]netfilter.Step{netfilter.Verdict{Kind: netfilter.Drop}})
	for i := range 500 {
		chainOf(table, fmt.Sprintf("port%d", i), nil, []netfilter.Step{netfilter.Lookup{Fields: use(netfilter.SourceAddress), Set: sources}, netfilter.Verdict{Kind: netfilter.Accept}},
			[]netfilter.Step{netfilter.Verdict{Kind: netfilter.Drop}})
	}
	m.Rules.Tables = append(m.Rules.Tables, table)
	return m
}

// The aims: 10,000 rules below 1 ms with all steps, a dispatched packet below 1 µs without.
func BenchmarkWalk(b *testing.B) {
	refused := "eth0 198.51.100.7:40000 > 203.0.113.10:8123/tcp"
	for _, one := range []struct {
		name, packet string
		machine      *netfilter.Machine
		want         EndKind
	}{
		{"linear-10000", refused, linear(b, 10_000), Forwarded},
		{"dispatch-10000-passes", "eth0 10.0.77.9:40000 > 203.0.113.10:8123/tcp", dispatching(b, 10_000), Forwarded},
		{"dispatch-10000-refused", refused, dispatching(b, 10_000), Dropped},
	} {
		w, q := New(one.machine), Question{Packet: packet(b, one.packet)}
		b.Run(one.name+"/decide", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if end := w.Decide(&q); end.Kind != one.want {
					b.Fatal(end)
				}
			}
		})
		b.Run(one.name+"/follow", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if ways := w.Follow(q).Ways; len(ways) != 1 || ways[0].End.Kind != one.want {
					b.Fatal(ways)
				}
			}
		})
	}
}
