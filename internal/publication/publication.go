// Package publication lists what is published on a host: the ports of containers and of swarm services, each once with all
// its host addresses, in the order in which people are shown them.
package publication

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
)

// Publication is one port of a container, or of a swarm service, on the host: all its host addresses together.
type Publication struct {
	Protocol      host.Protocol
	Port          uint16 // the host's
	ContainerPort uint16
	Container     *host.Container // nil: of a swarm service
	Name          string          // of the container or the service
	Addresses     []netip.Addr    // sorted; unspecified: every address of that family
	Proxied       bool            // docker-proxy listens, for one of the addresses at least
}

// All are those of the host, by port, protocol and name.
func All(h *host.Host) []Publication {
	var all []Publication
	for i := range h.Containers {
		if c := &h.Containers[i]; c.Running && h.Owner(c) == c {
			all = append(all, ofContainer(c)...)
		}
	}
	for _, s := range h.Services {
		all = append(all, Publication{Protocol: s.Protocol, Port: s.HostPort, ContainerPort: s.ContainerPort, Name: s.Name,
			Addresses: []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}})
	}
	slices.SortStableFunc(all, func(a, b Publication) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), cmp.Compare(a.Protocol, b.Protocol), strings.Compare(a.Name, b.Name))
	})
	return all
}

func ofContainer(c *host.Container) []Publication {
	var all []Publication
	for _, p := range c.Publications {
		i := slices.IndexFunc(all, func(q Publication) bool {
			return q.Protocol == p.Protocol && q.Port == p.HostPort && q.ContainerPort == p.ContainerPort
		})
		if i < 0 {
			i = len(all)
			all = append(all, Publication{Protocol: p.Protocol, Port: p.HostPort, ContainerPort: p.ContainerPort,
				Container: c, Name: c.Name})
		}
		all[i].Addresses = append(all[i].Addresses, p.HostAddress)
		all[i].Proxied = all[i].Proxied || p.Proxied
	}
	for i := range all {
		slices.SortFunc(all[i].Addresses, netip.Addr.Compare)
	}
	return all
}

// Loopback tells whether the port is published on the host's loopback addresses only, where nobody outside reaches it.
func (p Publication) Loopback() bool {
	return !slices.ContainsFunc(p.Addresses, func(a netip.Addr) bool { return !a.IsLoopback() })
}

// At are the host's addresses that the port is published on; nil: every one. Loopback counts only where it is the only
// one, because nobody outside reaches it.
func (p Publication) At() []netip.Addr {
	switch {
	case slices.ContainsFunc(p.Addresses, netip.Addr.IsUnspecified):
		return nil
	case p.Loopback():
		return p.Addresses
	}
	return slices.DeleteFunc(slices.Clone(p.Addresses), netip.Addr.IsLoopback)
}

// Dialled is what a client dials, as rules name it: "8123/tcp".
func (p Publication) Dialled() string { return fmt.Sprintf("%d/%s", p.Port, p.Protocol) }

// String is "8123/tcp (clickhouse)" or "8443/tcp at 192.168.0.1 (shop-web-1)".
func (p Publication) String() string {
	at := ""
	if addresses := p.At(); len(addresses) > 0 {
		texts := make([]string, len(addresses))
		for i, a := range addresses {
			texts[i] = a.String()
		}
		at = " at " + strings.Join(texts, ", ")
	}
	return fmt.Sprintf("%s%s (%s)", p.Dialled(), at, p.Name)
}
