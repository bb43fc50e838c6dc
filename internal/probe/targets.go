package probe

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/publication"
	"github.com/dockwall/dockwall/internal/wording"
)

// target is what is dialled.
type target struct {
	dialled   netip.AddrPort
	container netip.AddrPort // who should answer; invalid: not known
	name      string
}

// targetsOf are all TCP ports that the host publishes, at each of its addresses, and the same containers' own addresses;
// and what is not dialled.
func targetsOf(h *host.Host, c *client) (all []target, skipped []string) {
	udp, loopback := 0, 0
	for _, p := range publication.All(h) {
		switch {
		case p.Protocol != host.TCP:
			udp++
			continue
		case p.Loopback():
			loopback++
		}
		name := wording.Printable(p.Name)
		for _, address := range dialledAt(h, p, c) {
			all = append(all, target{netip.AddrPortFrom(address, p.Port), answering(p, address), name})
		}
		for _, own := range ownAddresses(p.Container) {
			port := netip.AddrPortFrom(own, p.ContainerPort)
			all = append(all, target{port, port, name})
		}
	}
	if udp > 0 {
		skipped = append(skipped, fmt.Sprintf("%d published ports that are not TCP: silence would tell nothing", udp))
	}
	if loopback > 0 {
		skipped = append(skipped, fmt.Sprintf("%d ports published on loopback: no socket dials such an address over a link", loopback))
	}
	slices.SortFunc(all, func(a, b target) int { return a.dialled.Compare(b.dialled) })
	return slices.CompactFunc(all, func(a, b target) bool { return a.dialled == b.dialled }), skipped
}

// dialledAt are the host's addresses at which a publication can be dialled: its own, or all those outside and the one that
// the client has as its gateway.
func dialledAt(h *host.Host, p publication.Publication, c *client) []netip.Addr {
	var all []netip.Addr
	for _, a := range p.Addresses {
		switch {
		case a.IsLoopback():
		case a.IsUnspecified():
			all = append(all, hostAddresses(h, a.Is4())...)
			all = append(all, c.gateway(a))
		default:
			all = append(all, a)
		}
	}
	return all
}

// hostAddresses are those of one family that other machines dial.
func hostAddresses(h *host.Host, four bool) []netip.Addr {
	var all []netip.Addr
	for _, i := range h.Interfaces {
		for _, p := range i.Addresses {
			a := p.Addr()
			if i.Up && !h.Inside(i.Name) && a.Is4() == four && !a.IsLinkLocalUnicast() && i.Name != linkName {
				all = append(all, a)
			}
		}
	}
	return all
}

// answering is the container's own port behind a publication, of the family that was dialled where it has that.
func answering(p publication.Publication, dialled netip.Addr) netip.AddrPort {
	own := ownAddresses(p.Container)
	if len(own) == 0 {
		return netip.AddrPort{}
	}
	if i := slices.IndexFunc(own, func(a netip.Addr) bool { return a.Is4() == dialled.Is4() }); i >= 0 {
		return netip.AddrPortFrom(own[i], p.ContainerPort)
	}
	return netip.AddrPortFrom(own[0], p.ContainerPort)
}

func ownAddresses(c *host.Container) []netip.Addr {
	var all []netip.Addr
	if c == nil {
		return nil
	}
	for _, e := range c.Endpoints {
		for _, a := range []netip.Addr{e.IPv4, e.IPv6} {
			if a.IsValid() {
				all = append(all, a)
			}
		}
	}
	return all
}

func addresses(targets []target) []netip.AddrPort {
	all := make([]netip.AddrPort, len(targets))
	for i, t := range targets {
		all[i] = t.dialled
	}
	return all
}
