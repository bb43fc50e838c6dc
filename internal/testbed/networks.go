package testbed

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// Network says what Docker network to create.
type Network struct {
	Name     string
	Driver   string   // "": bridge
	Subnets  []string // "172.30.0.0/24", "fd30::/64": one of IPv6 turns IPv6 on; none: the engine chooses, IPv4 only
	Internal bool
	Labels   map[string]string
	Options  map[string]string // of the driver: "com.docker.network.bridge.name": "shop0"
}

// CreateNetwork creates a network.
func (e *Engine) CreateNetwork(ctx context.Context, n Network) error {
	options := client.NetworkCreateOptions{Driver: cmp.Or(n.Driver, "bridge"), Internal: n.Internal, Labels: n.Labels, Options: n.Options}
	for _, text := range n.Subnets {
		subnet, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("network %s: %w", n.Name, err)
		}
		if options.IPAM == nil {
			options.IPAM = &network.IPAM{}
		}
		if subnet.Addr().Is6() {
			yes := true
			options.EnableIPv6 = &yes
		}
		options.IPAM.Config = append(options.IPAM.Config, network.IPAMConfig{Subnet: subnet})
	}
	if _, err := e.Client.NetworkCreate(ctx, n.Name, options); err != nil {
		return fmt.Errorf("creating network %s: %w", n.Name, err)
	}
	return nil
}

// RemoveNetwork removes a network.
func (e *Engine) RemoveNetwork(ctx context.Context, name string) error {
	_, err := e.Client.NetworkRemove(ctx, name, client.NetworkRemoveOptions{})
	return err
}
