// Package netfiltertest draws hosts for tests: small worlds of a few interfaces, addresses and ports, with rules of every
// kind that the model has. The worlds are so small that rules and packets often meet.
package netfiltertest

import (
	"fmt"
	"net/netip"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"pgregory.net/rapid"
)

// Machine draws a host.
func Machine(t *rapid.T) *netfilter.Machine {
	m := &netfilter.Machine{Interfaces: interfaces(), Routes: routes(), Sysctls: sysctls(t), Rules: &netfilter.Ruleset{}}
	for i := range rapid.IntRange(1, 3).Draw(t, "tables") {
		m.Rules.Tables = append(m.Rules.Tables, table(t, i))
	}
	return m
}

func interfaces() []host.Interface {
	return []host.Interface{
		{Name: "lo", Index: 1, Kind: "device", Loopback: true, Up: true, Addresses: prefixes("127.0.0.1/8", "::1/128")},
		{Name: "eno1", Index: 2, Kind: "device", Up: true, Addresses: prefixes("203.0.113.10/24", "2001:db8::10/64")},
		{Name: "docker0", Index: 3, Kind: "bridge", Up: true, Addresses: prefixes("172.17.0.1/16", "fd00::1/64")},
	}
}

func routes() []host.Route {
	to := func(p, name string) host.Route {
		return host.Route{Destination: netip.MustParsePrefix(p), Interface: name}
	}
	gateway := func(p, name, by string) host.Route {
		r := to(p, name)
		r.Gateway = netip.MustParseAddr(by)
		return r
	}
	return []host.Route{
		gateway("0.0.0.0/0", "eno1", "203.0.113.1"), to("203.0.113.0/24", "eno1"), to("172.17.0.0/16", "docker0"),
		gateway("::/0", "eno1", "2001:db8::1"), to("2001:db8::/64", "eno1"), to("fd00::/64", "docker0"),
	}
}

func prefixes(list ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, p := range list {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}

func sysctls(t *rapid.T) map[string]string {
	values := map[string]string{"net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1"}
	for _, key := range []string{"net.ipv4.conf.all.route_localnet", "net.ipv4.conf.eno1.rp_filter", "net.bridge.bridge-nf-call-iptables"} {
		if rapid.IntRange(0, 3).Draw(t, key) == 0 {
			values[key] = fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "value"))
		}
	}
	return values
}

// place is where a base chain hooks in.
type place struct {
	hook     netfilter.Hook
	priority int
	kind     netfilter.ChainType
}

var filterPlaces = []place{
	{netfilter.Prerouting, netfilter.PriorityRaw, netfilter.FilterChain}, {netfilter.Prerouting, netfilter.PriorityMangle, netfilter.FilterChain},
	{netfilter.Input, 0, netfilter.FilterChain}, {netfilter.Forward, 0, netfilter.FilterChain}, {netfilter.Forward, -10, netfilter.FilterChain},
	{netfilter.Output, netfilter.PriorityRaw, netfilter.FilterChain}, {netfilter.Output, 0, netfilter.FilterChain},
	{netfilter.Postrouting, netfilter.PriorityMangle, netfilter.FilterChain}, {netfilter.Postrouting, 150, netfilter.FilterChain},
}

var natPlaces = []place{
	{netfilter.Prerouting, -100, netfilter.NATChain}, {netfilter.Output, -100, netfilter.NATChain},
	{netfilter.Postrouting, 100, netfilter.NATChain}, {netfilter.Input, 100, netfilter.NATChain},
}

// table draws a table: a nat or a filter one, with base chains and two chains to jump to.
func table(t *rapid.T, number int) *netfilter.Table {
	nat := rapid.Bool().Draw(t, "nat")
	families := []netfilter.Family{netfilter.IPv4, netfilter.IPv6, netfilter.Inet}
	if nat {
		families = families[:2] // so that targets fit packets
	}
	tb := &netfilter.Table{Name: fmt.Sprint("t", number), Family: rapid.SampledFrom(families).Draw(t, "family")}
	tb.Origin = rapid.SampledFrom([]netfilter.Origin{netfilter.Native, netfilter.XtablesNFT, netfilter.XtablesLegacy}).Draw(t, "origin")
	places := filterPlaces
	if nat {
		places = natPlaces
	}
	for i, p := range places {
		if rapid.IntRange(0, 2).Draw(t, "chain") > 0 {
			base(t, tb, fmt.Sprint("base", i), p)
		}
	}
	for i := range 2 {
		tb.Chains = append(tb.Chains, &netfilter.Chain{Table: tb, Name: fmt.Sprint("sub", i)})
	}
	for i, c := range tb.Chains {
		d := drawing{t, tb, c, nat, len(tb.Chains) - i - 1}
		for n := range rapid.IntRange(0, 4).Draw(t, "rules") {
			c.Rules = append(c.Rules, d.rule(n+1))
		}
	}
	return tb
}

func base(t *rapid.T, tb *netfilter.Table, name string, p place) {
	policy := netfilter.Accept
	if p.kind == netfilter.FilterChain && rapid.IntRange(0, 4).Draw(t, "policy") == 0 {
		policy = netfilter.Drop
	}
	tb.Chains = append(tb.Chains, &netfilter.Chain{Table: tb, Name: name,
		Base: &netfilter.Base{Hook: p.hook, Priority: p.priority, Type: p.kind, Policy: policy}})
}
