package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
	"github.com/dockwall/dockwall/internal/reach"
)

// onHost are the containers on the host's own network.
func onHost(h *host.Host) []*host.Container {
	var all []*host.Container
	for i := range h.Containers {
		if c := &h.Containers[i]; c.Running && c.HostNetwork {
			all = append(all, c)
		}
	}
	return all
}

// findHostPorts makes an exposure of each port that somebody listens on and nobody publishes, where containers use the
// host's network. Which of them listens, or whether another program does, no host says.
func (a *auditor) findHostPorts() {
	containers := onHost(a.host)
	if len(containers) == 0 {
		return
	}
	var names []string
	for _, c := range containers {
		names = append(names, c.Name)
	}
	for _, l := range a.machine.Listeners {
		if l.Address.Addr().IsLoopback() || a.isPublished(l) {
			continue
		}
		e := a.hostPort(fmt.Sprintf("%d/%s", l.Address.Port(), l.Protocol), strings.Join(names, " or "))
		e.onHost, e.listeners = containers, append(e.listeners, l)
		if len(containers) == 1 {
			e.Exposure.Container = containers[0].ID
		}
	}
}

func (a *auditor) hostPort(ports, name string) *exposed {
	for _, e := range a.found {
		if e.onHost != nil && e.Ports == ports {
			return e
		}
	}
	e := &exposed{}
	e.Name, e.Ports = name, ports
	a.found = append(a.found, e)
	return e
}

// isPublished tells whether it is docker-proxy that listens, or the engine for a service.
func (a *auditor) isPublished(l host.Listener) bool {
	at := l.Address.Addr()
	if slices.ContainsFunc(a.host.Services, func(s host.Service) bool { return s.Protocol == l.Protocol && s.HostPort == l.Address.Port() }) {
		return true
	}
	return slices.ContainsFunc(a.host.Containers, func(c host.Container) bool {
		return slices.ContainsFunc(c.Publications, func(p host.Publication) bool {
			return p.Protocol == l.Protocol && p.HostPort == l.Address.Port() && p.HostAddress.Is4() == at.Is4() &&
				(p.HostAddress == at || at.IsUnspecified())
		})
	})
}

// sortToHost finds the packets of a delivered flow that come to programs on the host's network.
func (a *auditor) sortToHost(flow reach.Flow, f netfilter.Family) {
	for _, e := range a.found {
		if e.onHost == nil {
			continue
		}
		for _, l := range e.listeners {
			a.add(e, way{kind: HostOwn, family: f, in: flow.In, set: flow.Packets.And(a.heard(a.analysis.Space(f), l, flow))})
		}
	}
}

// heard are the packets of a flow that come to a socket: those for its port at its address, and what was translated to
// it. A socket at :: hears IPv4, too.
func (a *auditor) heard(s *packetset.Space, l host.Listener, flow reach.Flow) packetset.Set {
	at := l.Address.Addr()
	protocol := field(s, netfilter.Protocol, uint64(l.Protocol))
	switch {
	case at.Is4() && s.Family() == netfilter.IPv6, at.Is6() && !at.IsUnspecified() && s.Family() == netfilter.IPv4:
		return s.None()
	case flow.Destination.IsValid() && !at.IsUnspecified() && flow.Destination != at:
		return s.None()
	case flow.Destination.IsValid() && flow.DestinationPort != 0:
		if flow.DestinationPort != l.Address.Port() {
			return s.None()
		}
		return protocol
	}
	all := protocol.And(field(s, netfilter.DestinationPort, uint64(l.Address.Port())))
	if at.IsUnspecified() || flow.Destination.IsValid() {
		return all
	}
	return all.And(atAddress(s, netfilter.DestinationAddress, at))
}

// powerfulOnHost finds containers on the host's network that are as good as root, where ports of the host are open.
func (a *auditor) powerfulOnHost() {
	for _, c := range onHost(a.host) {
		i := slices.IndexFunc(a.found, func(e *exposed) bool { return e.onHost != nil && len(e.Access) > 0 })
		if i < 0 || !c.Privileged && !c.DockerSocket {
			continue
		}
		e := a.found[i]
		f := Finding{Kind: PowerReachable, Subject: c.Name, Possible: true, Message: fmt.Sprintf("%s and uses the host's network, where %s "+
			"reaches %s: perhaps it is this container that listens there", powerOf(c), e.Access[0].who(), e.Ports)}
		if p, _, some := a.example(e.ways[0]); some {
			f.Evidence = a.evidence(p)
		}
		a.report.add(f)
	}
}
