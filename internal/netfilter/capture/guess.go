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

// outside stands for the interface that packets of other machines arrive on, where no rule names one.
const outside = "outside"

// The addresses that stand for the host's own where no rule names one (RFC 5737, RFC 3849).
var (
	standIn4 = netip.MustParsePrefix("192.0.2.1/24")
	standIn6 = netip.MustParsePrefix("2001:db8::1/64")
)

// guesses is what the rules tell about a host without saying so.
type guesses struct {
	names   map[string]bool         // interfaces that rules name
	bridges map[string]netip.Prefix // Docker's bridges, and the subnets that are masqueraded for them
	dialled map[netip.Addr]bool     // host addresses that ports are published at
	single  map[netip.Addr]string   // container addresses, and the bridges they are behind
}

// guess fills in interfaces, addresses and routes.
func guess(m *netfilter.Machine) {
	g := &guesses{map[string]bool{}, map[string]netip.Prefix{}, map[netip.Addr]bool{}, map[netip.Addr]string{}}
	for _, t := range m.Rules.Tables {
		for _, c := range t.Chains {
			for _, r := range c.Rules {
				g.learn(t, c, readRule(r, t.Family))
			}
		}
	}
	g.loopback(m)
	g.bridged(m)
	g.outer(m)
}

// hint is what one rule names alone: not negated, one interface, one network.
type hint struct {
	in, out, notOut     string
	source, destination netip.Prefix
	nat                 *netfilter.NAT
}

func readRule(r *netfilter.Rule, f netfilter.Family) hint {
	var h hint
	for _, step := range r.Steps {
		switch s := step.(type) {
		case netfilter.InterfaceTest:
			h.name(s)
		case netfilter.Test:
			h.network(s, f)
		case netfilter.NAT:
			h.nat = &s
		}
	}
	return h
}

func (h *hint) name(s netfilter.InterfaceTest) {
	if len(s.Names) != 1 || s.Names[0].Prefix || s.Names[0].Name == "" {
		return
	}
	name := s.Names[0].Name
	switch {
	case s.Field == netfilter.OutInterface && s.Negate:
		h.notOut = name
	case s.Field == netfilter.OutInterface:
		h.out = name
	case s.Field == netfilter.InInterface:
		h.in = name
	}
}

func (h *hint) network(s netfilter.Test, f netfilter.Family) {
	p, ok := prefixOf(s, f)
	switch {
	case !ok || s.Negate:
	case s.Field == netfilter.SourceAddress:
		h.source = p
	case s.Field == netfilter.DestinationAddress:
		h.destination = p
	}
}

// prefixOf is the network of a test on an address: its mask and one value, or one range that is a network.
func prefixOf(s netfilter.Test, f netfilter.Family) (netip.Prefix, bool) {
	if len(s.Values) != 1 || s.Field != netfilter.SourceAddress && s.Field != netfilter.DestinationAddress {
		return netip.Prefix{}, false
	}
	first := s.Values[0].First.Address(f)
	for bits := first.BitLen(); bits > 0; bits-- {
		p := netip.PrefixFrom(first, bits)
		all := netfilter.OfPrefix(p)
		if s.Mask != netfilter.AllOnes {
			if all[0].First == s.Values[0].First && all[0].First.Xor(all[0].Last) == s.Mask.Not().And(width(f)) {
				return p, true
			}
		} else if all[0] == s.Values[0] {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// width has the bits set that an address has.
func width(f netfilter.Family) netfilter.Number {
	if f == netfilter.IPv4 {
		return netfilter.Small(1<<32 - 1)
	}
	return netfilter.AllOnes
}

// learn takes from a rule what Docker's rules say: the subnet of a bridge by its MASQUERADE (-s SUBNET ! -o BRIDGE), a
// container's address (-d ADDRESS -o BRIDGE -j ACCEPT), a published address (-d ADDRESS -j DNAT).
func (g *guesses) learn(t *netfilter.Table, c *netfilter.Chain, h hint) {
	for _, name := range []string{h.in, h.out, h.notOut} {
		if name != "" {
			g.names[name] = true
		}
	}
	switch {
	case h.nat == nil:
		if h.out != "" && h.destination.IsSingleIP() && strings.HasPrefix(c.Name, "DOCKER") {
			g.single[h.destination.Addr()] = h.out
		}
	case h.nat.Kind == netfilter.DNAT && h.destination.IsSingleIP():
		g.dialled[h.destination.Addr()] = true
	case (h.nat.Kind == netfilter.Masquerade || h.nat.Kind == netfilter.SNAT) && h.notOut != "" && h.source.IsValid():
		g.bridges[t.Family.String()+" "+h.notOut] = h.source
	}
}

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
