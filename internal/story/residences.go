package story

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
)

// residence is a container's place on one bridge.
type residence struct {
	address netip.Addr
	network *host.Network
}

// residences are a container's places on bridges, of a family: those with a way out first, then by name, as Docker
// picks the network of the default route.
func (s Scene) residences(c *host.Container, f netfilter.Family) []residence {
	var list []residence
	for _, e := range c.Endpoints {
		a := e.IPv4
		if f == netfilter.IPv6 {
			a = e.IPv6
		}
		if n := s.network(e.Network); n != nil && n.Bridge != "" && a.IsValid() {
			list = append(list, residence{a, n})
		}
	}
	slices.SortStableFunc(list, func(a, b residence) int {
		if a.network.Internal != b.network.Internal {
			return boolOrder(a.network.Internal)
		}
		return 0 // a Host's endpoints are sorted by the network's name
	})
	return list
}

func boolOrder(first bool) int {
	if first {
		return 1
	}
	return -1
}

func (s Scene) network(name string) *host.Network {
	for i := range s.Host.Networks {
		if s.Host.Networks[i].Name == name {
			return &s.Host.Networks[i]
		}
	}
	return nil
}

// leaves is the address and the bridge by which a container sends: on a network that it shares with the destination,
// else the one with its default route; on the bridge that `in` names where it does.
func (s Scene) leaves(c *host.Container, to party, f netfilter.Family, in string) (netip.Addr, string, error) {
	list := s.residences(c, f)
	if len(list) == 0 {
		return netip.Addr{}, "", s.homeless(c, f)
	}
	if in != "" {
		i := slices.IndexFunc(list, func(r residence) bool { return r.network.Bridge == in })
		if i < 0 {
			return netip.Addr{}, "", fmt.Errorf("%s is not on %s with an address of %s", c.Name, in, familyName(f))
		}
		return list[i].address, in, nil
	}
	best := list[0]
	for _, r := range list {
		if s.neighbours(r.network, to, f) {
			best = r
			break
		}
	}
	return best.address, best.network.Bridge, nil
}

// neighbours tells whether the destination is on a network.
func (s Scene) neighbours(n *host.Network, to party, f netfilter.Family) bool {
	if to.container != nil && !to.own {
		return slices.ContainsFunc(s.residences(to.container, f), func(r residence) bool { return r.network == n })
	}
	return to.address.IsValid() && slices.ContainsFunc(n.Subnets, func(p netip.Prefix) bool { return p.Contains(to.address) })
}

func (s Scene) homeless(c *host.Container, f netfilter.Family) error {
	for _, e := range c.Endpoints {
		if n := s.network(e.Network); n != nil && n.Bridge == "" && n.Driver != "null" {
			return fmt.Errorf("%s is on the network %s (%s), whose packets do not pass this host's rules", c.Name, n.Name,
				n.Driver)
		}
	}
	return fmt.Errorf("%s has no %s address on a bridge of this host", c.Name, familyName(f))
}

func familyName(f netfilter.Family) string {
	if f == netfilter.IPv6 {
		return "IPv6"
	}
	return "IPv4"
}
