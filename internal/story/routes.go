package story

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
)

// arrives is the sender's address and the interface its packets come in by: the one that leads back to it. The host's
// own packets come in by none.
func (s Scene) arrives(from party, f netfilter.Family, in string) (netip.Addr, string, error) {
	if in != "" && from.address.IsValid() {
		return from.address, in, nil
	}
	if from.own {
		return from.address, "", nil
	}
	back, outside := s.route(from.address), s.outside()
	switch {
	case back != "":
		return from.address, back, nil
	case len(outside) == 1:
		return from.address, outside[0], nil // strays says so
	case len(outside) == 0:
		return from.address, "", fmt.Errorf("no interface of this host is known by which %s could arrive: name it with --in",
			from.address)
	}
	return from.address, "", fmt.Errorf("no route of this host leads to %s, so that it is not known by which interface it "+
		"arrives: name it with --in (%s)", from.address, strings.Join(outside, ", "))
}

// outside are the interfaces by which other machines' packets arrive.
func (s Scene) outside() []string {
	var names []string
	for _, i := range s.Machine.Interfaces {
		if i.Up && i.Master == "" && !i.Loopback && !s.Host.Inside(i.Name) && !s.isBridge(i.Name) {
			names = append(names, i.Name)
		}
	}
	return names
}

// strays says that a packet arrives by an interface that does not lead back to its sender; "" where it does.
func (s Scene) strays(p netfilter.Packet) string {
	if p.In == "" || s.route(p.Source) != "" {
		return ""
	}
	return fmt.Sprintf("no route of this host leads back to %s: that it arrives by %s is taken for granted", p.Source, p.In)
}

// route is the interface by which the host sends to an address: of the longest prefix, and of several the first that
// is not a Docker bridge, because fe80::/64 is everywhere. "" where no route leads there.
func (s Scene) route(a netip.Addr) string {
	if a.IsLoopback() {
		return "lo"
	}
	best, out := -1, ""
	for _, r := range s.Machine.Routes {
		bits := r.Destination.Bits()
		if r.Destination.Contains(a) && (bits > best || bits == best && s.isBridge(out) && !s.isBridge(r.Interface)) {
			best, out = bits, r.Interface
		}
	}
	return out
}

// dialled is the address that the packet goes to: the one that was named, a container's, or the host's where it arrives.
func (s Scene) dialled(to party, f netfilter.Family, p *netfilter.Packet) (netip.Addr, error) {
	switch {
	case to.address.IsValid():
		return to.address, nil
	case to.container == nil || to.own:
		return s.hostAddress(p, f)
	}
	list := s.residences(to.container, f)
	if len(list) == 0 {
		return netip.Addr{}, s.homeless(to.container, f)
	}
	for _, r := range list {
		if r.network.Bridge == p.In {
			return r.address, nil
		}
	}
	return list[0].address, nil
}

// hostAddress is the host's address that a client dials who arrives there: of the client's subnet, else any address of
// that interface, a global one rather than a link-local one unless the client is link-local itself.
func (s Scene) hostAddress(p *netfilter.Packet, f netfilter.Family) (netip.Addr, error) {
	if p.In == "" {
		return loopback(f), nil
	}
	i := slices.IndexFunc(s.Machine.Interfaces, func(i host.Interface) bool { return i.Name == p.In })
	var list []netip.Prefix
	if i >= 0 {
		list = slices.DeleteFunc(slices.Clone(s.Machine.Interfaces[i].Addresses), func(a netip.Prefix) bool {
			return a.Addr().Is4() != (f == netfilter.IPv4)
		})
	}
	if len(list) == 0 {
		return netip.Addr{}, fmt.Errorf("%s has no %s address that is known: name the dialled one with --to", p.In, familyName(f))
	}
	best := slices.MaxFunc(list, func(a, b netip.Prefix) int { return cmp.Compare(fitness(a, p), fitness(b, p)) })
	return best.Addr(), nil
}

func fitness(a netip.Prefix, p *netfilter.Packet) int {
	switch {
	case a.Contains(p.Source):
		return 3
	case a.Addr().IsLinkLocalUnicast() != p.Source.IsLinkLocalUnicast():
		return 0
	case a.Addr().IsPrivate() != p.Source.IsPrivate():
		return 1
	}
	return 2
}

func loopback(f netfilter.Family) netip.Addr {
	if f == netfilter.IPv6 {
		return netip.IPv6Loopback()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// ownSource is the host's own address on its way to a destination; to itself it is that address.
func (s Scene) ownSource(to netip.Addr) (netip.Addr, error) {
	if s.isOwn(to) {
		return to, nil
	}
	out := s.route(to)
	for _, i := range s.Machine.Interfaces {
		for _, a := range i.Addresses {
			if i.Name == out && a.Addr().Is4() == to.Is4() && a.Addr().IsLinkLocalUnicast() == to.IsLinkLocalUnicast() {
				return a.Addr(), nil
			}
		}
	}
	return netip.Addr{}, fmt.Errorf("no route of this host leads to %s", to)
}
