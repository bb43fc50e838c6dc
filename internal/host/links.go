package host

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// readLinks reads interfaces with their addresses, and the main table's routes, of the calling thread's namespace.
func readLinks() ([]Interface, []Route, error) {
	links, err := dump(netlink.LinkList)
	if err != nil {
		return nil, nil, fmt.Errorf("the kernel does not list its network interfaces: %w", err)
	}
	addrs, err := dump(func() ([]netlink.Addr, error) { return netlink.AddrList(nil, netlink.FAMILY_ALL) })
	if err != nil {
		return nil, nil, fmt.Errorf("the kernel does not list the host's addresses: %w", err)
	}
	names := map[int]string{}
	for _, l := range links {
		names[l.Attrs().Index] = l.Attrs().Name
	}
	routes, err := readRoutes(names)
	if err != nil {
		return nil, nil, err
	}
	return hostInterfaces(links, addrs, names), routes, nil
}

// dump asks again where something changed while the kernel answered.
func dump[T any](list func() ([]T, error)) (all []T, err error) {
	for range 10 {
		if all, err = list(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	return all, err
}

func hostInterfaces(links []netlink.Link, addrs []netlink.Addr, names map[int]string) []Interface {
	var interfaces []Interface
	for _, l := range links {
		attrs := l.Attrs()
		i := Interface{Name: attrs.Name, Index: attrs.Index, Kind: l.Type(), Master: names[attrs.MasterIndex],
			Loopback: attrs.Flags&net.FlagLoopback != 0, Up: attrs.Flags&net.FlagUp != 0}
		for _, a := range addrs {
			if p, ok := prefixOf(a.IPNet); ok && a.LinkIndex == attrs.Index {
				i.Addresses = append(i.Addresses, p)
			}
		}
		interfaces = append(interfaces, i)
	}
	return interfaces
}

func readRoutes(names map[int]string) ([]Route, error) {
	var routes []Route
	main := &netlink.Route{Table: unix.RT_TABLE_MAIN}
	everywhere := map[int]netip.Addr{
		netlink.FAMILY_V4: netip.IPv4Unspecified(), netlink.FAMILY_V6: netip.IPv6Unspecified(),
	}
	for family, all := range everywhere {
		list, err := dump(func() ([]netlink.Route, error) {
			return netlink.RouteListFiltered(family, main, netlink.RT_FILTER_TABLE)
		})
		if err != nil {
			return nil, fmt.Errorf("the kernel does not list the host's routes: %w", err)
		}
		for _, r := range list {
			if r.Type != unix.RTN_UNICAST {
				continue
			}
			destination, ok := prefixOf(r.Dst)
			if !ok {
				destination = netip.PrefixFrom(all, 0)
			}
			routes = append(routes, hops(r, destination, names)...)
		}
	}
	return routes, nil
}

// hops are one Route for each next hop of a kernel's route.
func hops(r netlink.Route, destination netip.Prefix, names map[int]string) []Route {
	if len(r.MultiPath) == 0 {
		return []Route{{destination, gatewayOf(r.Gw, r.Via), names[r.LinkIndex], r.Priority}}
	}
	var routes []Route
	for _, hop := range r.MultiPath {
		routes = append(routes, Route{destination, gatewayOf(hop.Gw, hop.Via), names[hop.LinkIndex], r.Priority})
	}
	return routes
}

// gatewayOf is the next hop, which may be of the other family (via), or the invalid address where there is none.
func gatewayOf(gw net.IP, via netlink.Destination) netip.Addr {
	if v, ok := via.(*netlink.Via); ok && v != nil {
		gw = v.Addr
	}
	addr, _ := netip.AddrFromSlice(gw)
	return addr.Unmap()
}

func prefixOf(n *net.IPNet) (netip.Prefix, bool) {
	if n == nil {
		return netip.Prefix{}, false
	}
	addr, ok := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), bits), ok
}
