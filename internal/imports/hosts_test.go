package imports

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
)

// testHost is the host that a test names: "none", "model", "recipe", or a recording.
func testHost(t *testing.T, name string) *host.Host {
	t.Helper()
	switch name = strings.TrimSpace(name); name {
	case "none":
		return nil
	case "model":
		return model()
	case "recipe":
		return recipeHost()
	}
	h, err := host.LoadRecording(filepath.Join("..", "host", "testdata", "hosts", name))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// both are a port's publications on every address of both families.
func both(p host.Protocol, dialled, own uint16) []host.Publication {
	return []host.Publication{
		{Protocol: p, HostAddress: netip.IPv4Unspecified(), HostPort: dialled, ContainerPort: own},
		{Protocol: p, HostAddress: netip.IPv6Unspecified(), HostPort: dialled, ContainerPort: own},
	}
}

// at is a TCP port's publication on one address of the host.
func at(address string, dialled, own uint16) []host.Publication {
	return []host.Publication{
		{Protocol: host.TCP, HostAddress: netip.MustParseAddr(address), HostPort: dialled, ContainerPort: own},
	}
}

func endpoint(network, four, six string) []host.Endpoint {
	return []host.Endpoint{{Network: network, IPv4: netip.MustParseAddr(four), IPv6: netip.MustParseAddr(six)}}
}

func running(name string, e []host.Endpoint, publications ...[]host.Publication) host.Container {
	return host.Container{ID: name, Name: name, Running: true, Endpoints: e, Publications: slices.Concat(publications...)}
}

func bridgeNetwork(name, bridge string, subnets ...string) host.Network {
	n := host.Network{Name: name, Bridge: bridge, Driver: "bridge"}
	for _, s := range subnets {
		n.Subnets = append(n.Subnets, netip.MustParsePrefix(s))
	}
	return n
}

func device(name string, addresses ...string) host.Interface {
	i := host.Interface{Name: name, Kind: "device", Loopback: name == "lo"}
	for _, a := range addresses {
		i.Addresses = append(i.Addresses, netip.MustParsePrefix(a))
	}
	return i
}

// model is a host for the oracle: two networks, ports published under their own and other numbers, and ports that two
// containers have on two addresses of the host.
func model() *host.Host {
	web := running("shop-web-1", endpoint("front", "172.18.0.2", "fd18::2"),
		both(host.TCP, 8080, 80), at("10.8.0.1", 9000, 81))
	web.Project, web.Service = "shop", "web"
	return &host.Host{
		Engine: &host.Engine{Version: "28.5.0"},
		Interfaces: []host.Interface{device("lo", "127.0.0.1/8"), device("eth0", "203.0.113.10/24", "2001:db8::10/64"),
			device("wg0", "10.8.0.1/24"), device("docker0"), device("br-front")},
		Networks: []host.Network{bridgeNetwork("bridge", "docker0", "172.17.0.0/16", "fd17::/64"),
			bridgeNetwork("front", "br-front", "172.18.0.0/16", "fd18::/64")},
		Containers: []host.Container{
			running("web", endpoint("bridge", "172.17.0.2", "fd17::2"),
				both(host.TCP, 80, 80), both(host.TCP, 7777, 81), both(host.UDP, 53, 53), at("10.8.0.1", 9001, 80)),
			running("db", endpoint("bridge", "172.17.0.3", "fd17::3"), both(host.TCP, 81, 5432), at("203.0.113.10", 9001, 81)),
			web,
			running("plain", endpoint("bridge", "172.17.0.4", "fd17::4"), at("203.0.113.10", 9000, 81)),
			running("quiet", endpoint("front", "172.18.0.9", "fd18::9")),
		},
	}
}

// recipeHost is the host that the recipe is written for.
func recipeHost() *host.Host {
	return &host.Host{
		Engine:   &host.Engine{Version: "20.10.24"},
		Iptables: "nft",
		Interfaces: []host.Interface{device("lo", "127.0.0.1/8"), device("eno1", "203.0.113.10/24", "192.168.0.1/24"),
			device("docker0")},
		Networks: []host.Network{bridgeNetwork("bridge", "docker0", "172.17.0.0/16")},
		Containers: []host.Container{
			running("clickhouse", endpoint("bridge", "172.17.0.2", "fd17::2"), both(host.TCP, 8123, 8123)),
			running("redis", endpoint("bridge", "172.17.0.3", "fd17::3"), both(host.TCP, 6379, 6379)),
			running("nginx", endpoint("bridge", "172.17.0.4", "fd17::4"), both(host.TCP, 7777, 80)),
		},
	}
}
