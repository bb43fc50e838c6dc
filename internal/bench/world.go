// Package bench measures what a gate costs: packets a second and new connections a second through a forwarding host,
// as ratios to the same host without any rules, and the time an apply takes.
//
// Every host under comparison stands ready at the same time, each in namespaces of its own, and is measured in turn
// within each round, so that a ratio compares figures of the same moments. The machine may be noisy: the median of the
// rounds' ratios is the figure, the smallest and largest ratio say how noisy it was.
package bench

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netlab"
)

// The published port, and where it leads. The client dials the host's address.
const (
	port             = 8123
	bridge           = "docker0"
	clientAddress    = "192.168.0.7"
	hostAddress      = "192.168.0.1"
	gatewayAddress   = "172.17.0.1"
	containerAddress = "172.17.0.2"
)

// dockerRules is what a Docker engine installs for one published port, as far as a packet to it meets it.
const dockerRules = `*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp --dport 8123 -j DNAT --to-destination 172.17.0.2:8123
-A DOCKER ! -i docker0 -p udp --dport 8123 -j DNAT --to-destination 172.17.0.2:8123
COMMIT
*filter
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp --dport 8123 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p udp --dport 8123 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`

// world is a client, a Docker host and a container, in three namespaces.
type world struct {
	client, host, container *netlab.Namespace
}

func newWorld(ctx context.Context) (*world, error) {
	w := &world{}
	for _, n := range []**netlab.Namespace{&w.client, &w.host, &w.container} {
		var err error
		if *n, err = netlab.New(); err != nil {
			w.close()
			return nil, err
		}
	}
	if err := w.wire(); err != nil {
		w.close()
		return nil, fmt.Errorf("wiring the benchmark's hosts: %w", err)
	}
	if _, err := w.host.Run(ctx, dockerRules, "iptables-nft-restore"); err != nil {
		w.close()
		return nil, err
	}
	// The container takes what arrives and answers nothing: only the host's work is measured.
	const sink = "table inet sink {\n chain prerouting {\n type filter hook prerouting priority -300\n" +
		" meta l4proto udp drop\n }\n}\n"
	if _, err := w.container.Run(ctx, sink, "nft", "-f", "-"); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *world) wire() error {
	everywhere := netip.MustParsePrefix("0.0.0.0/0")
	return firstError(
		func() error { return w.host.Bridge(bridge, gatewayAddress+"/16") },
		func() error { return netlab.Connect(w.client, "eth0", w.host, "eno1") },
		func() error { return netlab.Connect(w.container, "eth0", w.host, "veth1") },
		func() error { return w.host.Enslave("veth1", bridge) },
		func() error { return w.client.Address("eth0", clientAddress+"/24") },
		func() error { return w.host.Address("eno1", hostAddress+"/24") },
		func() error { return w.container.Address("eth0", containerAddress+"/16") },
		func() error { return w.container.Route(everywhere, netip.MustParseAddr(gatewayAddress)) },
		func() error { return w.host.Sysctl("ipv4/ip_forward", "1") },
	)
}

func (w *world) close() {
	for _, n := range []*netlab.Namespace{w.client, w.host, w.container} {
		if n != nil {
			n.Close() // the process ends soon after; there is nothing to do about a failure
		}
	}
}

func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// inventory is the world as dockwall sees it.
func inventory() *host.Host {
	publication := func(p host.Protocol) host.Publication {
		return host.Publication{Protocol: p, HostAddress: netip.IPv4Unspecified(), HostPort: port, ContainerPort: port}
	}
	return &host.Host{
		Interfaces: []host.Interface{
			{Name: "eno1", Up: true, Addresses: []netip.Prefix{netip.MustParsePrefix(hostAddress + "/24")}},
			{Name: bridge, Kind: "bridge", Up: true, Addresses: []netip.Prefix{netip.MustParsePrefix(gatewayAddress + "/16")}},
		},
		Networks: []host.Network{{ID: "0", Name: "bridge", Driver: "bridge", Bridge: bridge,
			Subnets: []netip.Prefix{netip.MustParsePrefix("172.17.0.0/16")}}},
		Containers: []host.Container{{ID: "c", Name: "clickhouse", Running: true,
			Endpoints:    []host.Endpoint{{Network: "bridge", IPv4: netip.MustParseAddr(containerAddress)}},
			Publications: []host.Publication{publication(host.TCP), publication(host.UDP)}}},
	}
}
