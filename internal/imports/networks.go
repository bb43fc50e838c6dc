package imports

import (
	"fmt"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// network is a Docker network with a bridge.
type network struct {
	name, bridge string
	subnets      *netipx.IPSet
	inside       names // its containers, and the network's own name for what may come
}

func newNetwork(n host.Network) network {
	var b netipx.IPSetBuilder
	for _, s := range n.Subnets {
		b.AddPrefix(s)
	}
	return network{name: n.Name, bridge: n.Bridge, subnets: built(&b), inside: only(networkPrefix + n.Name)}
}

func (w *world) network(name string) *network {
	for i := range w.networks {
		if w.networks[i].name == name {
			return &w.networks[i]
		}
	}
	return nil
}

// members are the containers that the selector of a network names.
func (w *world) members(name string) []string {
	if !w.known {
		return nil
	}
	selector := policy.ContainerSelector{Network: name}
	var all []string
	for i := range w.host.Containers {
		c := &w.host.Containers[i]
		if w.host.Owner(c) == c && selector.Matches(w.host, c) {
			all = append(all, c.Name)
		}
	}
	return sortedNames(all)
}

// withoutNetwork is every name but the network's own.
func (n network) withoutNetwork() names { return allBut(networkPrefix + n.name) }

// String is "shop_front (br-0123456789ab)".
func (n network) String() string { return fmt.Sprintf("%s (%s)", n.name, n.bridge) }
