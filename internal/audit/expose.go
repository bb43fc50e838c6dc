package audit

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/addrset"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
	"github.com/dockwall/dockwall/internal/publication"
	"github.com/dockwall/dockwall/internal/reach"
	"github.com/dockwall/dockwall/internal/verify"
)

// exposed is an exposure with the packets behind it.
type exposed struct {
	Exposure
	publication *publication.Publication // nil: containers' own addresses
	container   *host.Container          // nil: a swarm service, or ports of the host
	ways        []way

	onHost    []*host.Container // containers on the host's network, one of which perhaps listens; nil: it is not about a port of the host
	listeners []host.Listener
}

// way is the packets that come in by one way, on one interface. Their conversations' answers get out, too, where a
// conversation needs answers.
type way struct {
	kind   Way
	family netfilter.Family
	in     string
	set    packetset.Set
	// to is the only destination of a direct way, a container's own address. set says nothing of destinations then: it is
	// the same set for all addresses that rules treat alike.
	to netip.Addr
}

// expose finds who reaches what: it follows all packets of each outside interface, and sorts those that come to
// containers by what they dialled.
func (a *auditor) expose(ctx context.Context) error {
	publications := publication.All(a.host)
	for i := range publications {
		e := a.published(&publications[i])
		a.found = append(a.found, e)
		a.byOwner[e.container] = append(a.byOwner[e.container], e)
	}
	a.findContainers()
	a.findHostPorts()
	for _, f := range bothFamilies {
		for _, i := range a.outside {
			if err := ctx.Err(); err != nil {
				return err
			}
			a.exposeFrom(i.Name, f)
		}
	}
	for _, e := range a.found {
		e.Access = a.accessOf(e)
		if e.publication != nil || e.onHost != nil || len(e.Access) > 0 {
			a.report.Exposed = append(a.report.Exposed, e.Exposure)
		}
	}
	return nil
}

func (a *auditor) published(p *publication.Publication) *exposed {
	e := &exposed{publication: p, container: p.Container}
	e.Name, e.Ports = p.Name, fmt.Sprintf("%d/%s", p.Port, p.Protocol)
	if p.Container != nil {
		e.Exposure.Container = p.Container.ID
	}
	if p.ContainerPort != p.Port {
		e.Leads = fmt.Sprint(p.ContainerPort)
	}
	for _, address := range p.Addresses {
		if !address.IsUnspecified() {
			e.Addresses = append(e.Addresses, address.String())
		}
	}
	return e
}

// exposeFrom sorts the packets of one interface and family, of clients that there can be.
func (a *auditor) exposeFrom(in string, f netfilter.Family) {
	space := a.analysis.Space(f)
	clients := addrset.Minus(everything(f), a.words[in].Ignored)
	within := space.Where(netfilter.SourceAddress, netfilter.AllOnes, rangesOf(clients, f))
	flows, answers := a.analysis.Conversations(a.inside, in, f, within.And(verify.Beginning(space)))
	unanswered := unanswered(space, answers)
	for _, flow := range flows {
		flow.Packets = flow.Packets.Minus(unanswered)
		switch {
		case flow.Packets.IsEmpty():
		case flow.Kind == reach.Forwarded && slices.Contains(a.bridges, flow.Out):
			a.sortForwarded(flow, f)
		case flow.Kind == reach.Delivered:
			a.sortDelivered(flow, f)
			a.sortToHost(flow, f)
		}
	}
}

// unanswered are the packets whose conversation cannot work, because rules refuse the answers. UDP needs none. Whether
// there is a route back is not asked: other routing tables than the main one may have it.
func unanswered(space *packetset.Space, answers []reach.Flow) packetset.Set {
	refused := space.None()
	for _, flow := range answers {
		if flow.Kind == reach.Dropped || flow.Kind == reach.Rejected {
			refused = refused.Or(flow.Packets)
		}
	}
	return refused.Minus(field(space, netfilter.Protocol, uint64(host.UDP)))
}

func field(s *packetset.Space, f netfilter.Field, n uint64) packetset.Set {
	return s.Where(f, netfilter.AllOnes, netfilter.One(netfilter.Small(n)))
}

func atAddress(s *packetset.Space, f netfilter.Field, addresses ...netip.Addr) packetset.Set {
	all := s.None()
	for _, address := range addresses {
		if address.Is4() == (s.Family() == netfilter.IPv4) {
			all = all.Or(s.Where(f, netfilter.AllOnes, netfilter.One(netfilter.OfAddress(address))))
		}
	}
	return all
}

// dialling are the packets to a publication's port, at the host addresses of the family that it is published on. None:
// it is not published in this family. Broadcasts, which docker-proxy's UDP sockets hear too, are left out.
func (a *auditor) dialling(s *packetset.Space, p *publication.Publication) packetset.Set {
	all := s.None()
	for _, address := range p.Addresses {
		switch {
		case address.Is4() != (s.Family() == netfilter.IPv4):
		case address.IsUnspecified():
			all = all.Or(s.Where(netfilter.DestinationAddress, netfilter.AllOnes, rangesOf(a.own, s.Family())))
		default:
			all = all.Or(atAddress(s, netfilter.DestinationAddress, address))
		}
	}
	return all.And(field(s, netfilter.Protocol, uint64(p.Protocol))).And(field(s, netfilter.DestinationPort, uint64(p.Port)))
}

// sortForwarded sorts packets that go out by a bridge: translated ones by what was dialled, others by the address.
func (a *auditor) sortForwarded(flow reach.Flow, f netfilter.Family) {
	space := a.analysis.Space(f)
	if !flow.Destination.IsValid() {
		a.sortDirect(flow, f)
		return
	}
	rest := flow.Packets
	owner := a.at[flow.Destination]
	kind := DNAT
	if owner == nil {
		kind = Mesh // what stands for it on the bridge is no container
	}
	for _, e := range a.byOwner[owner] {
		port := flow.DestinationPort
		if kind == Mesh || port == 0 || port == e.publication.ContainerPort {
			mine := rest.And(a.dialling(space, e.publication))
			a.add(e, way{kind: kind, family: f, in: flow.In, set: mine})
			rest = rest.Minus(mine)
		}
	}
	if owner != nil && !rest.IsEmpty() {
		a.add(a.direct(owner), way{kind: ForeignDNAT, family: f, in: flow.In, set: rest})
	}
}

// findContainers notes who has which address.
func (a *auditor) findContainers() {
	for i := range a.host.Containers {
		c := &a.host.Containers[i]
		for _, e := range c.Endpoints {
			for _, address := range []netip.Addr{e.IPv4, e.IPv6} {
				if c.Running && address.IsValid() && a.at[address] == nil {
					a.at[address] = c
				}
			}
		}
	}
}

// sortDirect finds the containers whose own addresses are dialled.
func (a *auditor) sortDirect(flow reach.Flow, f netfilter.Family) {
	pieces := flow.Packets.Pieces(netfilter.DestinationAddress)
	for i := range a.host.Containers {
		c := &a.host.Containers[i]
		if !c.Running {
			continue
		}
		for _, e := range c.Endpoints {
			for _, address := range []netip.Addr{e.IPv4, e.IPv6} {
				if !address.IsValid() || address.Is4() != (f == netfilter.IPv4) {
					continue
				}
				if rest, some := restAt(pieces, address); some {
					a.add(a.direct(c), way{kind: Direct, family: f, in: flow.In, set: rest, to: address})
				}
			}
		}
	}
}

// restAt is the rest of the piece that holds an address.
func restAt(pieces []packetset.Piece, address netip.Addr) (packetset.Set, bool) {
	i, found := slices.BinarySearchFunc(pieces, netfilter.OfAddress(address), func(p packetset.Piece, n netfilter.Number) int {
		switch {
		case p.Last.Compare(n) < 0:
			return -1
		case p.First.Compare(n) > 0:
			return 1
		}
		return 0
	})
	if !found {
		return packetset.Set{}, false
	}
	return pieces[i].Rest, true
}

// direct is the exposure of a container's own addresses.
func (a *auditor) direct(c *host.Container) *exposed {
	for _, e := range a.found {
		if e.publication == nil && e.onHost == nil && e.container == c {
			return e
		}
	}
	e := &exposed{container: c}
	e.Name, e.Exposure.Container, e.Direct = c.Name, c.ID, true
	a.found = append(a.found, e)
	return e
}

// sortDelivered finds the published ports that docker-proxy serves among packets for the host itself.
func (a *auditor) sortDelivered(flow reach.Flow, f netfilter.Family) {
	space := a.analysis.Space(f)
	for _, e := range a.found {
		if e.publication == nil || e.container == nil || !e.publication.Proxied || !a.proxied(e, f) || a.scene.Holds(e.container) || !a.servedFromHost(e) {
			continue
		}
		a.add(e, way{kind: Proxy, family: f, in: flow.In, set: flow.Packets.And(a.serving(space, e, flow))})
	}
}

// serving are the packets of a flow that come to docker-proxy's socket: those dialled at it, or translated to it.
func (a *auditor) serving(s *packetset.Space, e *exposed, flow reach.Flow) packetset.Set {
	if flow.DestinationPort == e.publication.Port {
		return field(s, netfilter.Protocol, uint64(e.publication.Protocol))
	}
	return a.dialling(s, e.publication)
}

// proxied tells whether docker-proxy listens for a publication in a family.
func (a *auditor) proxied(e *exposed, f netfilter.Family) bool {
	return slices.ContainsFunc(e.container.Publications, func(p host.Publication) bool {
		return p.Proxied && p.Protocol == e.publication.Protocol && p.HostPort == e.publication.Port &&
			p.HostAddress.Is4() == (f == netfilter.IPv4)
	})
}

// servedFromHost tells whether the host itself reaches the container's port, as docker-proxy has to.
func (a *auditor) servedFromHost(e *exposed) bool {
	for _, endpoint := range e.container.Endpoints {
		for _, address := range []netip.Addr{endpoint.IPv4, endpoint.IPv6} {
			if address.IsValid() && a.hostReaches(address, e.publication.Protocol, e.publication.ContainerPort) {
				return true
			}
		}
	}
	return false
}

func (a *auditor) hostReaches(address netip.Addr, p host.Protocol, port uint16) bool {
	f := netfilter.IPv6
	if address.Is4() {
		f = netfilter.IPv4
	}
	key := fmt.Sprint(address, p, port)
	if known, ok := a.fromHost[key]; ok {
		return known
	}
	space := a.analysis.Space(f)
	within := atAddress(space, netfilter.DestinationAddress, address).And(field(space, netfilter.Protocol, uint64(p))).
		And(field(space, netfilter.DestinationPort, uint64(port)))
	yes := slices.ContainsFunc(a.analysis.Arriving("", f, within, reach.First), func(flow reach.Flow) bool {
		return flow.Kind.Passes() || flow.Kind == reach.Unknown
	})
	a.fromHost[key] = yes
	return yes
}

// add adds packets to those that come by the same way.
func (a *auditor) add(e *exposed, w way) {
	if w.set.IsEmpty() {
		return
	}
	for i := range e.ways {
		o := &e.ways[i]
		if o.kind != w.kind || o.family != w.family || o.in != w.in {
			continue
		}
		if o.to != w.to {
			o.set, w.set, o.to = a.packets(*o), a.packets(w), netip.Addr{}
		}
		o.set = o.set.Or(w.set)
		return
	}
	e.ways = append(e.ways, w)
}

// packets are those of a way, with their destinations.
func (a *auditor) packets(w way) packetset.Set {
	if !w.to.IsValid() {
		return w.set
	}
	return w.set.And(atAddress(a.analysis.Space(w.family), netfilter.DestinationAddress, w.to))
}
