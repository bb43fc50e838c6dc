package imports

import (
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/host"
)

// world is what the rules are about: the host's networks, containers and publications. Where no host is known there is
// one network, Docker's default bridge, and each port is taken as published under its own number.
type world struct {
	host     *host.Host // nil: unknown
	known    bool       // the engine was asked: networks, containers and publications are all there are
	networks []network
	targets  []target
	dialled  map[int][]target // by the place of their dialled port
}

// target is a published port.
type target struct {
	protocol  host.Protocol
	dialled   uint16 // what the client dials
	port      uint16 // what packets carry in DOCKER-USER
	container string // or the service, with the prefix
}

// Prefixes of the names in a box that are no container's.
const (
	networkPrefix = "network:"
	servicePrefix = "service:"
	bridgePrefix  = "bridge:" // of a network that only its bridge is known of
)

// defaultPool is where Docker's networks have their addresses if nobody says otherwise.
const defaultPool = "172.16.0.0/12"

func newWorld(h *host.Host) *world {
	w := &world{host: h, known: h != nil && h.Engine != nil, dialled: map[int][]target{}}
	if !w.known {
		pool := setOf(netipx.RangeOfPrefix(netip.MustParsePrefix(defaultPool)))
		w.networks = []network{{name: "bridge", bridge: "docker0", subnets: pool, inside: only(networkPrefix + "bridge")}}
		return w
	}
	for _, n := range h.Networks {
		if n.Bridge != "" {
			w.networks = append(w.networks, newNetwork(n))
		}
	}
	for i := range h.Containers {
		w.addContainer(&h.Containers[i])
	}
	for _, s := range h.Services {
		w.addService(s)
	}
	return w
}

// addContainer notes a container on the network that its publications go through. One published on loopback only is
// reached by nobody outside.
func (w *world) addContainer(c *host.Container) {
	if w.host.Owner(c) != c {
		return
	}
	if e := w.endpoint(c); e != nil {
		n := w.network(e.Network)
		n.inside = n.inside.or(only(c.Name))
	}
	for _, p := range c.Publications {
		if !p.HostAddress.IsLoopback() {
			w.addTarget(target{p.Protocol, p.HostPort, p.ContainerPort, c.Name})
		}
	}
}

// addTarget notes a published port; those of both families are one.
func (w *world) addTarget(t target) {
	if slices.Contains(ported, t.protocol) && !slices.Contains(w.dialled[t.point()], t) {
		w.targets = append(w.targets, t)
		w.dialled[t.point()] = append(w.dialled[t.point()], t)
	}
}

// addService notes a port of swarm's mesh: its packets carry the published port through docker_gwbridge.
func (w *world) addService(s host.Service) {
	name := servicePrefix + s.Name
	w.addTarget(target{s.Protocol, s.HostPort, s.HostPort, name})
	for i := range w.networks {
		if n := &w.networks[i]; n.bridge == "docker_gwbridge" {
			n.inside = n.inside.or(only(name))
		}
	}
}

// endpoint is where Docker sends what is published: of the networks with a bridge the first by name, internal ones
// last.
func (w *world) endpoint(c *host.Container) *host.Endpoint {
	var best *host.Endpoint
	internal := func(e *host.Endpoint) bool {
		return slices.ContainsFunc(w.host.Networks, func(n host.Network) bool { return n.Name == e.Network && n.Internal })
	}
	for i := range c.Endpoints {
		e := &c.Endpoints[i]
		if w.network(e.Network) == nil {
			continue
		}
		if best == nil || internal(best) && !internal(e) || internal(best) == internal(e) && e.Network < best.Network {
			best = e
		}
	}
	return best
}

// isBridge tells whether an interface is a Docker bridge. Without the host, Docker's own naming decides.
func (w *world) isBridge(name string) bool {
	if slices.ContainsFunc(w.networks, func(n network) bool { return n.bridge == name }) {
		return true
	}
	if w.known {
		return false
	}
	id, isID := strings.CutPrefix(name, "br-")
	return name == "docker_gwbridge" || isID && len(id) == 12 && strings.Trim(id, "0123456789abcdef") == ""
}

// inside tells whether an interface is loopback or a Docker bridge.
func (w *world) inside(name string) bool {
	return name == "lo" || w.isBridge(name) || w.host != nil && w.host.Inside(name)
}

// outside are the host's interfaces that packets from outside arrive on. Ports of bridges and bonds are not: the kernel
// names the bridge. Nil where the host is unknown.
func (w *world) outside() []string {
	if w.host == nil {
		return nil
	}
	var all []string
	for _, i := range w.host.Interfaces {
		if i.Master == "" && !w.inside(i.Name) {
			all = append(all, i.Name)
		}
	}
	return sortedNames(all)
}

// exists tells whether the host has an interface; true where the host is unknown.
func (w *world) exists(name string) bool {
	return w.host == nil || len(w.host.Interfaces) == 0 || name == "lo" || w.isBridge(name) ||
		slices.ContainsFunc(w.host.Interfaces, func(i host.Interface) bool { return i.Name == name })
}

// containers are all containers and services that packets can reach.
func (w *world) containers() []string {
	var all []string
	for _, n := range w.networks {
		all = append(all, keep(n.inside.list, n.withoutNetwork())...)
	}
	return sortedNames(all)
}
