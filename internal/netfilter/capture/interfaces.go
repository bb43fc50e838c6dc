package capture

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
)

func (g *guesses) loopback(m *netfilter.Machine) {
	m.Interfaces = append(m.Interfaces, host.Interface{Name: "lo", Index: 1, Kind: "device", Loopback: true, Up: true,
		Addresses: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8"), netip.MustParsePrefix("::1/128")}})
	delete(g.names, "lo")
}

// bridged adds Docker's bridges. A bridge has the first address of its subnet.
func (g *guesses) bridged(m *netfilter.Machine) {
	for _, name := range slices.Sorted(maps.Keys(g.names)) {
		i := host.Interface{Name: name, Kind: "bridge", Up: true}
		for _, family := range []netfilter.Family{netfilter.IPv4, netfilter.IPv6} {
			subnet, known := g.bridges[family.String()+" "+name]
			if !known {
				continue
			}
			own := netip.PrefixFrom(subnet.Masked().Addr().Next(), subnet.Bits())
			i.Addresses = append(i.Addresses, own)
			m.Routes = append(m.Routes, host.Route{Destination: subnet.Masked(), Interface: name})
			m.Missing = append(m.Missing, fmt.Sprintf("%s is taken for a bridge with the address %s, because its network is masqueraded", name, own))
		}
		m.Routes = append(m.Routes, g.singles(m, i)...)
		if len(i.Addresses) > 0 || isDockers(name) {
			delete(g.names, name)
			m.Interfaces = append(m.Interfaces, i)
		}
	}
}

// isDockers tells whether an interface has a name that Docker gives to bridges.
func isDockers(name string) bool {
	return strings.HasPrefix(name, "docker") || strings.HasPrefix(name, "br-")
}

// singles are routes to containers whose subnet no rule tells: those of networks without NAT.
func (g *guesses) singles(m *netfilter.Machine, i host.Interface) []host.Route {
	var routes []host.Route
	for _, a := range slices.SortedFunc(maps.Keys(g.single), netip.Addr.Compare) {
		inside := slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Contains(a) })
		if g.single[a] == i.Name && !inside {
			routes = append(routes, host.Route{Destination: netip.PrefixFrom(a, a.BitLen()), Interface: i.Name})
			m.Missing = append(m.Missing, fmt.Sprintf("%s is taken to be behind %s, as a rule says", a, i.Name))
		}
	}
	return routes
}

// outer adds all other interfaces. The first of them has the host's addresses and the way to all other machines.
func (g *guesses) outer(m *netfilter.Machine) {
	names := slices.Sorted(maps.Keys(g.names))
	if len(names) == 0 {
		names = []string{outside}
		m.Missing = append(m.Missing, "no rule names the interface that other machines' packets arrive on: it is called "+outside+" here")
	} else {
		m.Missing = append(m.Missing, fmt.Sprintf("%s is taken for the interface that leads to all other machines", names[0]))
	}
	for _, name := range names {
		m.Interfaces = append(m.Interfaces, host.Interface{Name: name, Kind: "device", Up: true})
	}
	first := &m.Interfaces[len(m.Interfaces)-len(names)]
	first.Addresses = g.own(m)
	for _, all := range []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)} {
		m.Routes = append(m.Routes, host.Route{Destination: all, Interface: first.Name})
	}
	for i := range m.Interfaces {
		m.Interfaces[i].Index = i + 1
	}
}

// own are the host's addresses: those that ports are published at, and one that stands for the others.
func (g *guesses) own(m *netfilter.Machine) []netip.Prefix {
	addresses := []netip.Prefix{standIn4, standIn6}
	m.Missing = append(m.Missing, fmt.Sprintf("the host's addresses are not known: %s and %s stand for them", standIn4.Addr(), standIn6.Addr()))
	for _, a := range slices.SortedFunc(maps.Keys(g.dialled), netip.Addr.Compare) {
		if !a.IsLoopback() && !a.IsUnspecified() {
			addresses = append(addresses, netip.PrefixFrom(a, a.BitLen()))
			m.Missing = append(m.Missing, fmt.Sprintf("%s is taken for an address of the host, because a port is published at it", a))
		}
	}
	return addresses
}
