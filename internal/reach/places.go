package reach

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
)

// places is what a host knows of addresses of one family: which are its own, and where the others are.
type places struct {
	family     netfilter.Family
	interfaces map[string]host.Interface
	sysctls    map[string]string
	strictTCP  bool
	// blank: neither interfaces nor routes are known.
	blank     bool
	local     netfilter.Ranges
	broadcast netfilter.Ranges
	multicast netfilter.Ranges
	types     []class
	routes    []routed // by interface, the addresses whose best route leaves by it
	routable  netfilter.Ranges
}

// routed are the addresses that an interface leads to.
type routed struct {
	out       string
	addresses netfilter.Ranges
}

func newPlaces(m *netfilter.Machine, f netfilter.Family) *places {
	pl := &places{family: f, interfaces: map[string]host.Interface{}, sysctls: m.Sysctls,
		blank: len(m.Interfaces) == 0 && len(m.Routes) == 0, strictTCP: m.Sysctls["net.netfilter.nf_conntrack_tcp_loose"] == "0"}
	for _, i := range m.Interfaces {
		pl.interfaces[i.Name] = i
		pl.local = pl.local.Union(pl.localOf(i))
		pl.broadcast = pl.broadcast.Union(pl.broadcastOf(i))
	}
	pl.local = pl.local.Union(pl.loopback())
	pl.multicast = pl.prefix("224.0.0.0/4", "ff00::/8")
	pl.broadcast = pl.broadcast.Minus(pl.local)
	pl.types = pl.classes(pl.local, pl.broadcast)
	pl.lay(m.Routes)
	return pl
}

// prefix is the prefix for the family; "" for none.
func (pl *places) prefix(four, six string) netfilter.Ranges {
	text := four
	if pl.family == netfilter.IPv6 {
		text = six
	}
	if text == "" {
		return nil
	}
	return netfilter.OfPrefix(netip.MustParsePrefix(text))
}

func (pl *places) loopback() netfilter.Ranges { return pl.prefix("127.0.0.0/8", "::1/128") }

func (pl *places) mine(a netip.Prefix) bool { return a.Addr().Is4() == (pl.family == netfilter.IPv4) }

// localOf are an interface's own addresses; of the loopback interface's IPv4 networks every address (fib_add_ifaddr).
func (pl *places) localOf(i host.Interface) netfilter.Ranges {
	var list []netfilter.Range
	for _, a := range i.Addresses {
		switch {
		case !pl.mine(a):
		case i.Loopback && a.Addr().Is4():
			list = append(list, netfilter.OfPrefix(a)...)
		default:
			list = append(list, netfilter.One(netfilter.OfAddress(a.Addr()))...)
		}
	}
	return netfilter.NewRanges(list...)
}

// broadcastOf are the last addresses of an interface's IPv4 networks of more than two.
func (pl *places) broadcastOf(i host.Interface) netfilter.Ranges {
	var list []netfilter.Range
	for _, a := range i.Addresses {
		if pl.family == netfilter.IPv4 && pl.mine(a) && a.Bits() < 31 && !i.Loopback {
			list = append(list, netfilter.One(netfilter.OfPrefix(a)[0].Last)...)
		}
	}
	return netfilter.NewRanges(list...)
}

// lay gives each address the interface of its longest route; of equal routes the first.
func (pl *places) lay(routes []host.Route) {
	routes = slices.Clone(routes)
	slices.SortStableFunc(routes, func(a, b host.Route) int { return cmp.Compare(b.Destination.Bits(), a.Destination.Bits()) })
	index := map[string]int{}
	for _, r := range routes {
		if !pl.mine(r.Destination) {
			continue
		}
		addresses := netfilter.OfPrefix(r.Destination).Minus(pl.routable)
		pl.routable = pl.routable.Union(addresses)
		if _, known := index[r.Interface]; !known {
			index[r.Interface] = len(pl.routes)
			pl.routes = append(pl.routes, routed{out: r.Interface})
		}
		to := &pl.routes[index[r.Interface]]
		to.addresses = to.addresses.Union(addresses)
	}
}

// own is the address that a masqueraded packet gets, or a redirected one goes to.
func (pl *places) own(name string) value {
	var found []netip.Addr
	for _, a := range pl.interfaces[name].Addresses {
		if pl.mine(a) && !a.Addr().IsLinkLocalUnicast() {
			found = append(found, a.Addr())
		}
	}
	if len(found) > 0 {
		return address(found[0])
	}
	return unspecified
}

// setting is a sysctl of an interface: "net.ipv4.conf.docker0.route_localnet". Dots in its name are slashes there.
func (pl *places) setting(version, name, what string) string {
	return pl.sysctls["net."+version+".conf."+slashed(name)+"."+what]
}

func slashed(name string) string {
	b := []byte(name)
	for i := range b {
		if b[i] == '.' {
			b[i] = '/'
		}
	}
	return string(b)
}
