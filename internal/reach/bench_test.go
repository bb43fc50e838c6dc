package reach

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
)

const (
	benchPublications = 500
	benchRules        = 10000
)

// busyHost has 500 publications, each with a DNAT rule and its accept rule, and 10,000 rules in DOCKER-USER: by original
// port and source, one in a hundred by source alone.
func busyHost() *netfilter.Machine {
	m := &netfilter.Machine{
		Interfaces: []host.Interface{
			{Name: "lo", Loopback: true, Addresses: []netip.Prefix{mustPrefix("127.0.0.1/8"), mustPrefix("::1/128")}},
			{Name: "eno1", Kind: "device", Addresses: []netip.Prefix{mustPrefix("203.0.113.10/24"), mustPrefix("2001:db8::10/64")}},
			{Name: "docker0", Kind: "bridge", Addresses: []netip.Prefix{mustPrefix("172.17.0.1/16"), mustPrefix("fd00::1/64")}},
		},
		Routes: []host.Route{{Destination: mustPrefix("0.0.0.0/0"), Interface: "eno1"}, {Destination: mustPrefix("203.0.113.0/24"), Interface: "eno1"},
			{Destination: mustPrefix("172.17.0.0/16"), Interface: "docker0"}, {Destination: mustPrefix("::/0"), Interface: "eno1"},
			{Destination: mustPrefix("2001:db8::/64"), Interface: "eno1"}, {Destination: mustPrefix("fd00::/64"), Interface: "docker0"}},
		Sysctls: map[string]string{"net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1"},
		Rules:   &netfilter.Ruleset{},
	}
	for _, f := range []netfilter.Family{netfilter.IPv4, netfilter.IPv6} {
		m.Rules.Tables = append(m.Rules.Tables, busyNAT(f), busyFilter(f))
	}
	return m
}

func bench(f netfilter.Family, name string) *netfilter.Table {
	return &netfilter.Table{Family: f, Name: name, Origin: netfilter.XtablesNFT}
}

func addChain(t *netfilter.Table, name string, base *netfilter.Base) *netfilter.Chain {
	c := &netfilter.Chain{Table: t, Name: name, Base: base}
	t.Chains = append(t.Chains, c)
	return c
}

func addRule(c *netfilter.Chain, list ...netfilter.Step) {
	c.Rules = append(c.Rules, &netfilter.Rule{Chain: c, Number: len(c.Rules) + 1, Steps: list})
}

func is(f netfilter.Field, n uint64) netfilter.Step {
	return netfilter.Test{Field: f, Mask: netfilter.AllOnes, Values: numbers(n)}
}

func in(f netfilter.Field, name string, negate bool) netfilter.Step {
	return netfilter.InterfaceTest{Field: f, Names: []netfilter.InterfaceName{{Name: name}}, Negate: negate}
}

func container(f netfilter.Family, n int) netip.Addr {
	if f == netfilter.IPv4 {
		return netip.AddrFrom4([4]byte{172, 17, byte(n >> 8), byte(n)})
	}
	a := mustPrefix("fd00::/64").Addr().As16()
	a[14], a[15] = byte(n>>8), byte(n)
	return netip.AddrFrom16(a)
}

func jump(to string) netfilter.Step { return netfilter.Verdict{Kind: netfilter.Jump, Chain: to} }

func busyNAT(f netfilter.Family) *netfilter.Table {
	t := bench(f, "nat")
	pre := addChain(t, "PREROUTING", &netfilter.Base{Hook: netfilter.Prerouting, Priority: -100, Type: netfilter.NATChain, Policy: netfilter.Accept})
	addRule(pre, is(netfilter.DestinationType, 2), jump("DOCKER"))
	docker := addChain(t, "DOCKER", nil)
	addRule(docker, in(netfilter.InInterface, "docker0", false), verdict(netfilter.Return))
	for i := range benchPublications {
		to := container(f, i+2)
		addRule(docker, in(netfilter.InInterface, "docker0", true), is(netfilter.Protocol, 6), is(netfilter.DestinationPort, uint64(8000+i)),
			netfilter.NAT{Kind: netfilter.DNAT, First: to, Last: to, FirstPort: 80, LastPort: 80})
	}
	return t
}

func busyFilter(f netfilter.Family) *netfilter.Table {
	t := bench(f, "filter")
	forward := addChain(t, "FORWARD", &netfilter.Base{Hook: netfilter.Forward, Policy: netfilter.Drop})
	addRule(forward, jump("DOCKER-USER"))
	addRule(forward, in(netfilter.OutInterface, "docker0", false), is(netfilter.ConntrackState, netfilter.StateEstablished), verdict(netfilter.Accept))
	addRule(forward, in(netfilter.OutInterface, "docker0", false), jump("DOCKER"))
	user, random := addChain(t, "DOCKER-USER", nil), rand.New(rand.NewPCG(1, uint64(f)))
	for i := range benchRules {
		from := netfilter.Test{Field: netfilter.SourceAddress, Mask: netfilter.AllOnes, Values: netfilter.OfPrefix(randomPrefix(random, f))}
		kind := []netfilter.VerdictKind{netfilter.Accept, netfilter.Drop, netfilter.Return}[i%3]
		if i%100 == 0 {
			addRule(user, from, verdict(kind))
			continue
		}
		addRule(user, is(netfilter.Protocol, 6), is(netfilter.OriginalDestinationPort, uint64(8000+random.IntN(benchPublications))), from, verdict(kind))
	}
	docker := addChain(t, "DOCKER", nil)
	for i := range benchPublications {
		addRule(docker, netfilter.Test{Field: netfilter.DestinationAddress, Mask: netfilter.AllOnes, Values: netfilter.One(netfilter.OfAddress(container(f, i+2)))},
			in(netfilter.InInterface, "docker0", true), is(netfilter.Protocol, 6), is(netfilter.DestinationPort, 80), verdict(netfilter.Accept))
	}
	return t
}

func randomPrefix(r *rand.Rand, f netfilter.Family) netip.Prefix {
	if f == netfilter.IPv4 {
		p, _ := netip.AddrFrom4([4]byte{byte(1 + r.IntN(220)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))}).Prefix([]int{8, 16, 24, 32}[r.IntN(4)])
		return p
	}
	p, _ := netip.AddrFrom16([16]byte{0x20, 0x01, byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), 0, byte(r.IntN(4)), 15: 1}).Prefix([]int{32, 48, 64, 128}[r.IntN(4)])
	return p
}

var families = []netfilter.Family{netfilter.IPv4, netfilter.IPv6}

// BenchmarkPublications asks for each of 500 publications who reaches it, by two interfaces and in both families.
func BenchmarkPublications(b *testing.B) {
	m := busyHost()
	for b.Loop() {
		a, flows := New(m), 0
		for _, f := range families {
			s := a.Space(f)
			tcp := s.Where(netfilter.Protocol, netfilter.AllOnes, numbers(6))
			for i := range benchPublications {
				one := tcp.And(s.Where(netfilter.DestinationPort, netfilter.AllOnes, numbers(uint64(8000+i))))
				for _, in := range []string{"eno1", "docker0"} {
					flows += len(a.Arriving(in, f, one, First))
				}
			}
		}
		b.ReportMetric(float64(flows), "flows")
		reportSpaces(b, a)
	}
}

func reportSpaces(b *testing.B, a *Analysis) {
	for _, f := range families {
		if a.Space(f).Full() {
			b.Fatalf("the space of %v is full", f)
		}
		b.ReportMetric(float64(a.Space(f).Nodes()), fmt.Sprintf("nodes-%v", f))
	}
}

// BenchmarkEverything follows the whole packet space of that host in each of the moments.
func BenchmarkEverything(b *testing.B) {
	m := busyHost()
	for _, moment := range []Moment{First, Later, Answer} {
		b.Run(fmt.Sprint(moment), func(b *testing.B) {
			for b.Loop() {
				a, flows := New(m), 0
				for _, f := range families {
					for _, in := range []string{"eno1", "docker0"} {
						flows += len(a.Arriving(in, f, a.Space(f).All(), moment))
					}
				}
				b.ReportMetric(float64(flows), "flows")
				reportSpaces(b, a)
			}
		})
	}
}

// BenchmarkLinearFirewall asks a hand-written firewall of 5,000 rules about two ports.
func BenchmarkLinearFirewall(b *testing.B) {
	m := busyHost()
	t := bench(netfilter.IPv4, "filter")
	random := rand.New(rand.NewPCG(2, 2))
	c := addChain(t, "FORWARD", &netfilter.Base{Hook: netfilter.Forward, Policy: netfilter.Drop})
	for i := range 5000 {
		var list []netfilter.Step
		for _, f := range []netfilter.Field{netfilter.SourceAddress, netfilter.DestinationAddress} {
			if random.IntN(4) > 0 {
				list = append(list, netfilter.Test{Field: f, Mask: netfilter.AllOnes, Values: netfilter.OfPrefix(randomPrefix(random, netfilter.IPv4))})
			}
		}
		if random.IntN(4) > 0 {
			list = append(list, is(netfilter.Protocol, 6), is(netfilter.DestinationPort, uint64(1+random.IntN(1000))))
		}
		if len(list) > 0 {
			addRule(c, append(list, verdict([]netfilter.VerdictKind{netfilter.Accept, netfilter.Drop}[i%2]))...)
		}
	}
	m.Rules.Tables = []*netfilter.Table{t}
	for b.Loop() {
		a := New(m)
		s := a.Space(netfilter.IPv4)
		within := s.Where(netfilter.Protocol, netfilter.AllOnes, numbers(6)).And(s.Where(netfilter.DestinationPort, netfilter.AllOnes, numbers(22, 443)))
		b.ReportMetric(float64(len(a.Arriving("eno1", netfilter.IPv4, within, First))), "flows")
		b.ReportMetric(float64(s.Nodes()), "nodes")
	}
}

// BenchmarkJudge looks for dead and idle rules among the 10,000 of DOCKER-USER.
func BenchmarkJudge(b *testing.B) {
	m := busyHost()
	for b.Loop() {
		a := New(m)
		for i, f := range families {
			a.Judge(m.Rules.Tables[2*i+1].Chain("DOCKER-USER"), f)
		}
	}
}
