package walk

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Types of routes and addresses, RTN_* of include/uapi/linux/rtnetlink.h.
const (
	typeUnicast     = 1
	typeLocal       = 2
	typeBroadcast   = 3
	typeAnycast     = 4
	typeMulticast   = 5
	typeUnreachable = 7
)

// route is one way to a destination. The zero value is none.
type route struct {
	kind    uint8 // type*
	out     string
	gateway netip.Addr // invalid: on the link
}

// fib is what the kernel's local and main tables say of one family.
type fib struct {
	family netfilter.Family
	own    map[netfilter.Number][]route // the host's addresses and broadcast addresses: the local table
	nets   []netip.Prefix               // of loopback interfaces, local as a whole (fib_add_ifaddr)
	levels []level                      // the main table, longest prefixes first
}

// level are the routes with prefixes of one length.
type level struct {
	bits   int
	mask   netfilter.Number
	routes map[netfilter.Number][]route // by the prefix's first address
}

func newFIB(m *netfilter.Machine, family netfilter.Family) *fib {
	f := &fib{family: family, own: map[netfilter.Number][]route{}}
	for _, i := range m.Interfaces {
		for _, p := range i.Addresses {
			if p.Addr().Is4() != (family == netfilter.IPv4) {
				continue
			}
			f.add(p.Addr(), typeLocal, i.Name)
			if family == netfilter.IPv4 && i.Loopback {
				f.nets = append(f.nets, p.Masked())
			} else if broadcast, ok := broadcastOf(p); ok {
				f.add(broadcast, typeBroadcast, i.Name)
			}
		}
	}
	f.addLoopback()
	for _, r := range m.Routes {
		if r.Destination.Addr().Is4() == (family == netfilter.IPv4) {
			f.level(r.Destination).add(r.Destination.Masked(), route{typeUnicast, r.Interface, r.Gateway})
		}
	}
	slices.SortFunc(f.levels, func(a, b level) int { return cmp.Compare(b.bits, a.bits) })
	return f
}

// addLoopback: every host has its loopback addresses, listed or not.
func (f *fib) addLoopback() {
	const loopback = "lo"
	switch {
	case f.family == netfilter.IPv4 && len(f.nets) == 0:
		f.nets = append(f.nets, netip.MustParsePrefix("127.0.0.0/8"))
	case f.family == netfilter.IPv6 && f.own[netfilter.OfAddress(netip.IPv6Loopback())] == nil:
		f.add(netip.IPv6Loopback(), typeLocal, loopback)
	}
}

func (f *fib) add(a netip.Addr, kind uint8, out string) {
	n := netfilter.OfAddress(a)
	if len(f.own[n]) == 0 || f.own[n][0].kind == kind {
		f.own[n] = append(f.own[n], route{kind: kind, out: out})
	}
}

// broadcastOf is the highest address of a network that has one (fib_add_ifaddr; the lowest is none since Linux 5.14).
func broadcastOf(p netip.Prefix) (netip.Addr, bool) {
	if !p.Addr().Is4() || p.Bits() >= 31 {
		return netip.Addr{}, false
	}
	four := p.Addr().As4()
	n := binary.BigEndian.Uint32(four[:]) | ^uint32(0)>>p.Bits()
	binary.BigEndian.PutUint32(four[:], n)
	return netip.AddrFrom4(four), true
}

func (f *fib) level(p netip.Prefix) *level {
	for i := range f.levels {
		if f.levels[i].bits == p.Bits() {
			return &f.levels[i]
		}
	}
	mask := netfilter.LowBits(p.Addr().BitLen() - p.Bits()).Not()
	f.levels = append(f.levels, level{p.Bits(), mask, map[netfilter.Number][]route{}})
	return &f.levels[len(f.levels)-1]
}

func (l *level) add(p netip.Prefix, r route) {
	n := netfilter.OfAddress(p.Addr())
	l.routes[n] = append(l.routes[n], r)
}

// local are the local table's routes to an address: none where it is not the host's own.
func (f *fib) local(d netip.Addr) []route {
	if own := f.own[netfilter.OfAddress(d)]; own != nil {
		return own
	}
	for _, n := range f.nets {
		if n.Contains(d) {
			return loopbackRoute
		}
	}
	return nil
}

var loopbackRoute = []route{{kind: typeLocal, out: "lo"}}

// lookup is fib_lookup: the routes to an address that share the longest prefix, of which the kernel takes one. only is
// the interface that they must have, "" for any.
func (f *fib) lookup(d netip.Addr, only string) []route {
	if own := through(f.local(d), only); own != nil {
		return own
	}
	n := netfilter.OfAddress(d)
	for i := range f.levels {
		l := &f.levels[i]
		if found := through(l.routes[n.And(l.mask)], only); found != nil {
			return found
		}
	}
	return nil
}

// through are the routes by one interface.
func through(routes []route, only string) []route {
	if only == "" || len(routes) == 0 {
		return routes
	}
	if i := slices.IndexFunc(routes, func(r route) bool { return r.out == only }); i >= 0 {
		return routes[i : i+1]
	}
	return nil
}

// uses tells whether one of the routes leaves by an interface (fib_info_nh_uses_dev).
func uses(routes []route, name string) bool {
	return slices.ContainsFunc(routes, func(r route) bool { return r.out == name })
}

// typeOf is inet_addr_type for IPv4, and the type that nft_fib_ipv6.c finds for IPv6.
func (f *fib) typeOf(a netip.Addr) uint8 {
	switch {
	case a.IsMulticast():
		return typeMulticast
	case f.family == netfilter.IPv4 && (a.As4()[0] == 0 || a == limitedBroadcast):
		return typeBroadcast
	}
	if own := f.local(a); own != nil {
		return own[0].kind
	}
	if f.family == netfilter.IPv6 && f.lookup(a, "") == nil {
		return typeUnreachable
	}
	return typeUnicast
}

// typeOn is typeOf asked of one interface: an address of another one is no local address there
// (__inet_dev_addr_type, __nft_fib6_eval_type).
func (f *fib) typeOn(a netip.Addr, name string) uint8 {
	kind := f.typeOf(a)
	if (kind == typeLocal || kind == typeBroadcast) && !f.everyone(a) && !uses(f.local(a), name) {
		return typeUnicast
	}
	return kind
}

// everyone tells whether an address is broadcast on each interface.
func (f *fib) everyone(a netip.Addr) bool {
	return a.Is4() && (a == limitedBroadcast || a.As4()[0] == 0)
}

var limitedBroadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})
