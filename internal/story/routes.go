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
	back := s.route(from.address)
	if back != "" {
		return from.address, back, nil
	}
	return from.address, "", fmt.Errorf("no route of this host leads to %s, so that it is not known by which interface it "+
		"arrives: name it with --in%s", from.address, s.candidates())
}

// candidates are interfaces to choose from.
func (s Scene) candidates() string {
	var names []string
	for _, i := range s.Machine.Interfaces {
		if i.Up && i.Master == "" && !s.Host.Inside(i.Name) {
			names = append(names, i.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// route is the interface by which the host sends to an address: of the longest prefix, "" where no route leads there.
func (s Scene) route(a netip.Addr) string {
	if a.IsLoopback() {
		return "lo"
	}
	best, out := -1, ""
	for _, r := range s.Machine.Routes {
		if bits := r.Destination.Bits(); r.Destination.Contains(a) && bits > best {
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
		return 2
	case a.Addr().IsLinkLocalUnicast() == p.Source.IsLinkLocalUnicast():
		return 1
	}
	return 0
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
