package story

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/walk"
)

// proxy is docker-proxy at work: it takes what ends on the host at a published port, and dials the container itself.
type proxy struct {
	at        netfilter.Packet // as it reached the proxy
	container *host.Container
	target    netip.Addr
	port      uint16
}

// proxyAt is the docker-proxy that takes a delivered packet, nil where none does.
func (s Scene) proxyAt(e walk.End) *proxy {
	if e.Kind != walk.Delivered || !e.Packet.HasPorts() {
		return nil
	}
	for i := range s.Host.Containers {
		c := &s.Host.Containers[i]
		for _, pub := range c.Publications {
			if c.Running && pub.Proxied && uint8(pub.Protocol) == e.Packet.Protocol && pub.HostPort == e.Packet.DestinationPort &&
				hears(pub.HostAddress, e.Packet.Destination) {
				return s.proxyOf(c, pub, e.Packet)
			}
		}
	}
	return nil
}

func hears(at, dialled netip.Addr) bool {
	return at == dialled || at.IsUnspecified() && at.Is4() == dialled.Is4()
}

// proxyOf dials the container's address of the client's family where it has one, else its IPv4 address.
func (s Scene) proxyOf(c *host.Container, pub host.Publication, p netfilter.Packet) *proxy {
	for _, f := range []netfilter.Family{p.Family(), netfilter.IPv4, netfilter.IPv6} {
		if list := s.residences(c, f); len(list) > 0 {
			return &proxy{p, c, list[0].address, pub.ContainerPort}
		}
	}
	return nil
}

func (p *proxy) intro() string {
	at := netip.AddrPortFrom(p.at.Destination, p.at.DestinationPort)
	return fmt.Sprintf("docker-proxy takes it at %s and makes a connection of its own to container %s:", at, clean(p.container.Name))
}

// held is what is said of a port that the engine holds in docker-proxy's place.
func (p *proxy) held() string {
	at := netip.AddrPortFrom(p.at.Destination, p.at.DestinationPort)
	return fmt.Sprintf("the engine itself listens at %s for container %s, only to hold the port: it runs with userland-proxy=false",
		at, clean(p.container.Name))
}

const heldSentence = "not served: the client is connected, and nobody ever answers"

// Holds tells whether the engine only holds the published ports of a container where no NAT rule takes them, instead of
// serving them by docker-proxy (libnetwork's dummyProxy: it binds, listens and accepts nothing). An engine with
// userland-proxy=false lets packets from loopback out to its bridges, which needs both this setting and a jump in nat OUTPUT
// for 127.0.0.0/8, too. Docker's nftables backend is not known to be told apart so.
func (s Scene) Holds(c *host.Container) bool {
	return slices.ContainsFunc(c.Endpoints, func(e host.Endpoint) bool {
		n := s.network(e.Network)
		return n != nil && n.Bridge != "" && s.Machine.Sysctls["net.ipv4.conf."+n.Bridge+".route_localnet"] == "1"
	}) && s.translatesLoopback()
}

// translatesLoopback tells whether Docker's rule in nat OUTPUT leaves out no destination.
func (s Scene) translatesLoopback() bool {
	for _, t := range s.Machine.Rules.Tables {
		output := t.Chain("OUTPUT")
		if t.Family != netfilter.IPv4 || t.Name != "nat" || output == nil {
			continue
		}
		if slices.ContainsFunc(output.Rules, jumpsForAll) {
			return true
		}
	}
	return false
}

// jumpsForAll tells whether a rule leads to DOCKER whatever the destination's address.
func jumpsForAll(r *netfilter.Rule) bool {
	jumps := false
	for _, step := range r.Steps {
		switch s := step.(type) {
		case netfilter.Verdict:
			jumps = s.Chain == "DOCKER"
		case netfilter.Test:
			if s.Field == netfilter.DestinationAddress {
				return false
			}
		}
	}
	return jumps
}

// question is the proxy's own connection. Its source is the host's address on the bridge, which the kernel chooses.
func (p *proxy) question() walk.Question {
	q := walk.Question{Packet: netfilter.Packet{Destination: p.target, Protocol: p.at.Protocol, SourcePort: sourcePort,
		DestinationPort: p.port}}
	if p.at.Protocol == uint8(host.TCP) {
		q.TCPFlags = 2
	}
	return q
}

// proxied is the client's end: docker-proxy has taken its connection already.
func proxied(then *Story) (Verdict, string) {
	if then.Verdict == Reaches && len(then.Ways) > 0 {
		return Reaches, then.Ways[0].Sentence + ", through docker-proxy"
	}
	if then.Verdict == Possibly {
		return Possibly, "docker-proxy possibly reaches the container"
	}
	return then.Verdict, "docker-proxy takes the connection, cannot reach the container, and closes it"
}
