package explain

import (
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
)

// Network is one Docker network with who is on it.
type Network struct {
	Name     string     `json:"name"`
	Driver   string     `json:"driver"`
	Bridge   string     `json:"bridge,omitempty"`
	Internal bool       `json:"internal,omitempty"`
	Mode     string     `json:"mode,omitempty"` // a gateway mode other than nat
	Subnets  []string   `json:"subnets"`
	Members  []Resident `json:"members"`
}

// Resident is a running container's place on a network.
type Resident struct {
	Container string   `json:"container"`
	Addresses []string `json:"addresses"`
	Published []string `json:"published,omitempty"` // "8123/tcp → 80"
}

// networks are those that somebody is on, and all with a bridge.
func (d *drawer) networks() []Network {
	list := []Network{}
	for _, n := range d.host.Networks {
		drawn := Network{Name: clean(n.Name), Driver: clean(n.Driver), Bridge: clean(n.Bridge), Internal: n.Internal,
			Mode: clean(n.Mode), Subnets: []string{}, Members: d.members(n.Name)}
		for _, s := range n.Subnets {
			drawn.Subnets = append(drawn.Subnets, s.String())
		}
		if len(drawn.Members) > 0 || n.Bridge != "" {
			list = append(list, drawn)
		}
	}
	return list
}

func (d *drawer) members(network string) []Resident {
	list := []Resident{}
	for i := range d.host.Containers {
		c := &d.host.Containers[i]
		for _, e := range c.Endpoints {
			if c.Running && e.Network == network {
				list = append(list, Resident{clean(c.Name), addresses(e), d.published(c, e)})
			}
		}
	}
	return list
}

func addresses(e host.Endpoint) []string {
	list := []string{}
	for _, a := range []netip.Addr{e.IPv4, e.IPv6} {
		if a.IsValid() {
			list = append(list, a.String())
		}
	}
	return list
}

// published are the ports that lead to the container at this place; those of a container on several networks lead to
// one of them, which the NAT rules tell.
func (d *drawer) published(c *host.Container, e host.Endpoint) []string {
	var list []string
	for _, p := range c.Publications {
		if d.place(c, p).Network == e.Network {
			list = append(list, publication(p))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// place is where a publication leads: where a NAT rule says, else the first network with a bridge that leads
// outside.
func (d *drawer) place(c *host.Container, p host.Publication) host.Endpoint {
	for _, e := range c.Endpoints {
		if d.translated(e.IPv4, p.ContainerPort) || d.translated(e.IPv6, p.ContainerPort) {
			return e
		}
	}
	for _, e := range c.Endpoints {
		if slices.ContainsFunc(d.host.Networks, func(n host.Network) bool { return n.Name == e.Network && n.Bridge != "" && !n.Internal }) {
			return e
		}
	}
	return host.Endpoint{}
}
