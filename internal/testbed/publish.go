package testbed

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/moby/moby/api/types/network"
)

// portMap reads publications as docker run -p takes them: [ADDRESS:][HOSTPORT:]PORT[/PROTOCOL].
func portMap(publications []string) (network.PortMap, error) {
	bindings := network.PortMap{}
	for _, text := range publications {
		port, binding, err := publication(text)
		if err != nil {
			return nil, fmt.Errorf("publication %q: %w", text, err)
		}
		bindings[port] = append(bindings[port], binding)
	}
	return bindings, nil
}

func publication(text string) (network.Port, network.PortBinding, error) {
	var binding network.PortBinding
	host, inner := "", text
	if cut := strings.LastIndex(text, ":"); cut >= 0 {
		host, inner = text[:cut], text[cut+1:]
	}
	binding.HostPort = host
	if cut := strings.LastIndex(host, ":"); cut >= 0 {
		address, err := netip.ParseAddr(strings.Trim(host[:cut], "[]"))
		if err != nil {
			return network.Port{}, binding, err
		}
		binding.HostIP, binding.HostPort = address, host[cut+1:]
	}
	port, err := network.ParsePort(inner)
	return port, binding, err
}
