package host

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/network"
)

// Options of Docker's bridge networks.
const (
	optionBridgeName    = "com.docker.network.bridge.name"
	optionDefaultBridge = "com.docker.network.bridge.default_bridge"
	optionGatewayMode4  = "com.docker.network.bridge.gateway_mode_ipv4"
	optionGatewayMode6  = "com.docker.network.bridge.gateway_mode_ipv6"
)

func (inv *inventory) hostNetworks(interfaces []Interface) []Network {
	var networks []Network
	for _, n := range inv.networks {
		networks = append(networks, hostNetwork(n, interfaces))
	}
	return networks
}

func hostNetwork(n network.Inspect, interfaces []Interface) Network {
	hn := Network{
		ID:       n.ID,
		Name:     safeName(n.Name, n.ID),
		Driver:   n.Driver,
		Bridge:   bridgeOf(n),
		Internal: n.Internal,
		Ingress:  n.Ingress,
		Mode:     gatewayMode(n.Options[optionGatewayMode4]),
		Mode6:    gatewayMode(n.Options[optionGatewayMode6]),
	}
	for _, c := range n.IPAM.Config {
		if c.Subnet.IsValid() {
			hn.Subnets = append(hn.Subnets, c.Subnet.Masked())
		}
		if c.Gateway.IsValid() {
			hn.Gateways = append(hn.Gateways, c.Gateway)
		}
	}
	hn.addGateways(interfaces)
	return hn
}

// bridgeOf is the name of a network's bridge, "" where it has none or where the name cannot be an interface's.
func bridgeOf(n network.Inspect) string {
	if n.Driver != "bridge" || n.ConfigOnly {
		return ""
	}
	if name := n.Options[optionBridgeName]; name != "" {
		return validInterface(name)
	}
	if n.Options[optionDefaultBridge] == "true" {
		return "docker0"
	}
	return "br-" + shortID(n.ID)
}

// validInterface is the name where the kernel would take it for an interface's and it is plain ASCII, else "".
func validInterface(name string) string {
	strange := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`/:"'\`, r) }
	if name == "." || name == ".." || len(name) > 15 || strings.ContainsFunc(name, strange) {
		return ""
	}
	return name
}

func gatewayMode(option string) string {
	if option == "nat" {
		return ""
	}
	return option
}

// addGateways adds the bridge's own addresses, which old engines leave out of their answer where Docker chose them.
func (n *Network) addGateways(interfaces []Interface) {
	for _, i := range interfaces {
		if i.Name != n.Bridge || n.Bridge == "" {
			continue
		}
		for _, a := range i.Addresses {
			inSubnet := slices.ContainsFunc(n.Subnets, func(s netip.Prefix) bool { return s.Contains(a.Addr()) })
			if inSubnet && !slices.Contains(n.Gateways, a.Addr()) {
				n.Gateways = append(n.Gateways, a.Addr())
			}
		}
	}
}
