package randworld

import (
	"net/netip"
	"slices"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// Conversations are first packets that arrive at a host: for what it publishes, for its containers' own addresses, for
// the host itself, from its containers to outside, and some that cross nothing.
func Conversations(h *host.Host) *rapid.Generator[policy.Conversation] {
	return rapid.Custom(func(t *rapid.T) policy.Conversation {
		if oneIn(t, 4, "from inside") {
			return fromInside(t, h)
		}
		return fromOutside(t, h)
	})
}

func fromOutside(t *rapid.T, h *host.Host) policy.Conversation {
	c := policy.Conversation{In: pick(t, "in", "eno1", "eno1", "wg0")}
	publications := running(h, func(c *host.Container) []host.Publication { return c.Publications })
	direct := running(h, containerAddresses)
	switch to := pick(t, "to", "published", "published", "container", "published", "own", "unclaimed"); {
	case to == "published" && len(publications) > 0:
		p := pick(t, "publication", publications...)
		c.Protocol, c.Port, c.Destination = p.Protocol, p.HostPort, p.HostAddress
		if p.HostAddress.IsUnspecified() || oneIn(t, 6, "another address") {
			c.Destination = ofFamily(t, p.HostAddress, ownAddresses(h))
		}
	case to == "container" && len(direct) > 0:
		c.Destination = pick(t, "container", direct...)
		somePort(t, &c)
	case to == "unclaimed":
		c.Destination = unclaimed(pick(t, "subnet", pick(t, "network", bridged(h)...).Subnets...))
		somePort(t, &c)
	default:
		c.Destination = pick(t, "own address", ownAddresses(h)...)
		somePort(t, &c)
	}
	c.Source = ofFamily(t, c.Destination, clients())
	return c
}

// fromInside comes from a bridge: from a container, or from an address there that no container has.
func fromInside(t *rapid.T, h *host.Host) policy.Conversation {
	n := pick(t, "network", bridged(h)...)
	c := policy.Conversation{In: n.Bridge, Out: pick(t, "out", "eno1", "eno1", "wg0", "docker0")}
	subnet := pick(t, "subnet", n.Subnets...)
	senders := filter(running(h, containerAddresses), subnet.Contains)
	c.Source = pick(t, "sender", append(senders, unclaimed(subnet))...)
	c.Destination = ofFamily(t, c.Source, clients())
	somePort(t, &c)
	return c
}

// somePort draws a protocol and a port, or an echo.
func somePort(t *rapid.T, c *policy.Conversation) {
	if c.Protocol = pick(t, "protocol", append(protocols(), host.ICMP)...); c.Protocol != host.ICMP {
		c.Port = pick(t, "port", append(hostPorts(), 8080, 22)...)
	}
}

// running collects something of all containers that run.
func running[T any](h *host.Host, of func(*host.Container) []T) []T {
	var all []T
	for i := range h.Containers {
		if c := &h.Containers[i]; c.Running {
			all = append(all, of(c)...)
		}
	}
	return all
}

func containerAddresses(c *host.Container) []netip.Addr {
	var list []netip.Addr
	for _, e := range c.Endpoints {
		for _, a := range []netip.Addr{e.IPv4, e.IPv6} {
			if a.IsValid() {
				list = append(list, a)
			}
		}
	}
	return list
}

// ownAddresses are the host's. Loopback, which the first interface has, comes last.
func ownAddresses(h *host.Host) []netip.Addr {
	var list []netip.Addr
	for _, i := range slices.Concat(h.Interfaces[1:], h.Interfaces[:1]) {
		for _, a := range i.Addresses {
			list = append(list, a.Addr())
		}
	}
	return list
}

func bridged(h *host.Host) []host.Network {
	return filter(h.Networks, func(n host.Network) bool { return n.Bridge != "" })
}

// unclaimed is an address of a subnet that no container has.
func unclaimed(subnet netip.Prefix) netip.Addr {
	a := subnet.Addr()
	for range 9 {
		a = a.Next()
	}
	return a
}

func ofFamily(t *rapid.T, like netip.Addr, list []netip.Addr) netip.Addr {
	return pick(t, "address", filter(list, func(a netip.Addr) bool { return a.Is4() == like.Is4() })...)
}

func filter[T any](list []T, keep func(T) bool) []T {
	var kept []T
	for _, x := range list {
		if keep(x) {
			kept = append(kept, x)
		}
	}
	return kept
}
