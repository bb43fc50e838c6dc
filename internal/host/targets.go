package host

import (
	"net/netip"
	"slices"

	"go4.org/netipx"
)

// Way is how a conversation reaches a container.
type Way uint8

// The ways.
const (
	Published Way = iota // a published port of the host: by DNAT or by docker-proxy
	Direct               // the container's own address, routed through the host
	Mesh                 // swarm's routing mesh
)

func (w Way) String() string {
	switch w {
	case Published:
		return "published"
	case Direct:
		return "direct"
	}
	return "mesh"
}

// Target is what a dialled address and port reach.
type Target struct {
	Container   *Container   // nil: an address of a Docker network that no container has, or a swarm service
	Port        uint16       // the container's own port; 0 for icmp
	Way         Way          //
	Publication *Publication // of Published
	Service     *Service     // of Mesh
}

// Bridges are the interfaces of Docker's bridges, sorted.
func (h *Host) Bridges() []string {
	var bridges []string
	for _, n := range h.Networks {
		if n.Bridge != "" {
			bridges = append(bridges, n.Bridge)
		}
	}
	slices.Sort(bridges)
	return slices.Compact(bridges)
}

// Inside tells whether an interface is the host's own or Docker's: loopback or a Docker bridge. All others are outside.
func (h *Host) Inside(iface string) bool {
	if iface == "lo" || slices.Contains(h.Bridges(), iface) {
		return true
	}
	return slices.ContainsFunc(h.Interfaces, func(i Interface) bool { return i.Name == iface && i.Loopback })
}

// ContainerByID is the container with that full ID, nil if there is none.
func (h *Host) ContainerByID(id string) *Container {
	for i := range h.Containers {
		if h.Containers[i].ID == id {
			return &h.Containers[i]
		}
	}
	return nil
}

// Owner is the container whose network stack c uses: c itself, or the one it joined with --network container:X.
// It is nil for a container on the host's network, and where the joined container is gone.
func (h *Host) Owner(c *Container) *Container {
	for range h.Containers { // a chain of joins is never longer than this; a circle ends too
		if c == nil || c.HostNetwork {
			return nil
		}
		if c.SharesNetwork == "" {
			return c
		}
		c = h.ContainerByID(c.SharesNetwork)
	}
	return nil
}

// Targets are what a conversation from outside to dst reaches: nothing of Docker's (none), or one target. More than
// one means that the engine reports a port twice. The port is the dialled one, 0 for icmp.
func (h *Host) Targets(dst netip.Addr, p Protocol, port uint16) []Target {
	dst = dst.Unmap().WithZone("")
	targets := h.published(dst, p, port)
	if h.isOwn(dst) {
		return append(targets, h.mesh(p, port)...)
	}
	return append(targets, h.direct(dst, port)...)
}

func (h *Host) published(dst netip.Addr, p Protocol, port uint16) []Target {
	var targets []Target
	for i := range h.Containers {
		c := &h.Containers[i]
		if !c.Running || h.Owner(c) != c {
			continue
		}
		for j := range c.Publications {
			pub := &c.Publications[j]
			if pub.Protocol == p && pub.HostPort == port && h.answersAt(pub, dst) {
				targets = append(targets, Target{Container: c, Port: pub.ContainerPort, Way: Published, Publication: pub})
			}
		}
	}
	return targets
}

// answersAt tells whether a publication answers on an address. Docker-proxy's UDP sockets hear broadcasts as well.
func (h *Host) answersAt(pub *Publication, dst netip.Addr) bool {
	if pub.HostAddress.Is4() != dst.Is4() {
		return false
	}
	if !pub.HostAddress.IsUnspecified() {
		return pub.HostAddress == dst
	}
	return h.isOwn(dst) || pub.Protocol == UDP && (dst.IsMulticast() || h.isBroadcast(dst))
}

func (h *Host) mesh(p Protocol, port uint16) []Target {
	var targets []Target
	for i := range h.Services {
		s := &h.Services[i]
		if s.Protocol == p && s.HostPort == port {
			targets = append(targets, Target{Port: s.ContainerPort, Way: Mesh, Service: s})
		}
	}
	return targets
}

func (h *Host) direct(dst netip.Addr, port uint16) []Target {
	for _, n := range h.Networks {
		inSubnet := slices.ContainsFunc(n.Subnets, func(s netip.Prefix) bool { return s.Contains(dst) })
		if n.Bridge != "" && inSubnet {
			return []Target{{Container: h.byAddress(dst, n.Name), Port: port, Way: Direct}}
		}
	}
	return nil
}

// byAddress is the running container with that address on that network, nil if there is none.
func (h *Host) byAddress(addr netip.Addr, network string) *Container {
	for i := range h.Containers {
		c := &h.Containers[i]
		if c.Running && slices.ContainsFunc(c.Endpoints, func(e Endpoint) bool {
			return e.Network == network && (e.IPv4 == addr || e.IPv6 == addr)
		}) {
			return c
		}
	}
	return nil
}

// isOwn tells whether an address is the host's own; all of 127.0.0.0/8 is.
func (h *Host) isOwn(addr netip.Addr) bool {
	return addr.IsLoopback() || slices.ContainsFunc(h.Interfaces, func(i Interface) bool {
		return slices.ContainsFunc(i.Addresses, func(a netip.Prefix) bool { return a.Addr() == addr })
	})
}

// isBroadcast tells whether an address is IPv4's limited broadcast or the broadcast of a subnet the host is on.
func (h *Host) isBroadcast(addr netip.Addr) bool {
	if addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return true
	}
	return slices.ContainsFunc(h.Interfaces, func(i Interface) bool {
		return slices.ContainsFunc(i.Addresses, func(a netip.Prefix) bool {
			return a.Addr().Is4() && a.Bits() < 31 && netipx.PrefixLastIP(a) == addr
		})
	})
}
