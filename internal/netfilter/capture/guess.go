package capture

import (
	"net/netip"
	"strings"

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
