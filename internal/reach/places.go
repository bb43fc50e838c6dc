package reach

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

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
	onLink    map[string]netfilter.Ranges // by interface, the addresses that it has any route to
	made      map[string]netfilter.Ranges // see once
	madeTypes map[string][]class
}

// routed are the addresses that an interface leads to. Where several have an equal route, each may be taken.
type routed struct {
	outs      []string
	addresses netfilter.Ranges
}

func newPlaces(m *netfilter.Machine, f netfilter.Family) *places {
	pl := &places{family: f, made: map[string]netfilter.Ranges{}, madeTypes: map[string][]class{}, interfaces: map[string]host.Interface{}, sysctls: m.Sysctls,
		blank: len(m.Interfaces) == 0 && len(m.Routes) == 0, strictTCP: m.Sysctls["net.netfilter.nf_conntrack_tcp_loose"] == "0"}
	for _, i := range m.Interfaces {
		pl.interfaces[i.Name] = i
		pl.local = pl.local.Union(pl.localOf(i))
		pl.broadcast = pl.broadcast.Union(pl.broadcastOf(i))
	}
	pl.local = pl.local.Union(pl.loopback())
	pl.multicast = pl.prefix("224.0.0.0/4", "ff00::/8")
	pl.broadcast = pl.broadcast.Minus(pl.local)
	pl.lay(m.Routes)
	pl.types = pl.classes(pl.local, pl.broadcast)
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
	return pl.once(text, func() netfilter.Ranges { return netfilter.OfPrefix(netip.MustParsePrefix(text)) })
}

// once makes a list of addresses the first time that it is asked for by its name.
func (pl *places) once(name string, list func() netfilter.Ranges) netfilter.Ranges {
	made, known := pl.made[name]
	if !known {
		made = list()
		pl.made[name] = made
	}
	return made
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

// lay gives each address the interfaces of its longest routes.
func (pl *places) lay(routes []host.Route) {
	pl.onLink = map[string]netfilter.Ranges{}
	outs := map[netip.Prefix][]string{}
	var order []netip.Prefix
	for _, r := range routes {
		if !pl.mine(r.Destination) {
			continue
		}
		to := r.Destination.Masked()
		pl.onLink[r.Interface] = pl.onLink[r.Interface].Union(netfilter.OfPrefix(to))
		if outs[to] == nil {
			order = append(order, to)
		}
		if !slices.Contains(outs[to], r.Interface) {
			outs[to] = append(outs[to], r.Interface)
		}
	}
	slices.SortStableFunc(order, func(a, b netip.Prefix) int { return cmp.Compare(b.Bits(), a.Bits()) })
	pl.join(order, outs)
}

// join lays the longest prefixes first, those with the same interfaces together.
func (pl *places) join(order []netip.Prefix, outs map[netip.Prefix][]string) {
	index := map[string]int{}
	for _, to := range order {
		addresses := netfilter.OfPrefix(to).Minus(pl.routable)
		pl.routable = pl.routable.Union(addresses)
		key := strings.Join(outs[to], " ")
		if _, known := index[key]; !known {
			index[key] = len(pl.routes)
			pl.routes = append(pl.routes, routed{outs: outs[to]})
		}
		r := &pl.routes[index[key]]
		r.addresses = r.addresses.Union(addresses)
	}
}

// isLoopback tells whether packets that come in there are the host's own.
func (pl *places) isLoopback(name string) bool { return name == "lo" || pl.interfaces[name].Loopback }

// own are the addresses of an interface that a redirected or masqueraded packet may get: of IPv6 those of the scope of
// its other end, if that is known.
func (pl *places) own(name string, linkLocal bool) []netip.Addr {
	var found []netip.Addr
	for _, a := range pl.interfaces[name].Addresses {
		if pl.mine(a) && (a.Addr().Is4() || a.Addr().IsLinkLocalUnicast() == linkLocal) {
			found = append(found, a.Addr())
		}
	}
	return found
}

// outside are the addresses that a packet which leaves by an interface may get: its own, or where it has none that are
// good outside of the host, those of all (inet_select_addr, ipv6_dev_get_saddr).
func (pl *places) outside(name string) []netip.Addr {
	own := slices.DeleteFunc(pl.own(name, false), netip.Addr.IsLoopback)
	if len(own) > 0 {
		return own
	}
	for other := range pl.interfaces {
		own = append(own, pl.own(other, false)...)
	}
	return slices.DeleteFunc(own, netip.Addr.IsLoopback)
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
