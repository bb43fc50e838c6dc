package story

import (
	"fmt"
	"net/netip"

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
