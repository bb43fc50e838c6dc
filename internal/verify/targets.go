package verify

import (
	"maps"
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/addrset"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
	"github.com/dockwall/dockwall/internal/policy"
)

// target is what packets reach: host.Target for a whole set of packets. A port of 0 is the dialled one.
type target struct {
	container *host.Container // nil: no container that a selector could name
	port      uint16
	set       packetset.Set
}

// shared are packets that reach several targets, because the engine reports a port twice: all of them must be allowed.
type shared struct {
	set     packetset.Set
	targets []target
}

// targets are what the packets from outside reach on a host, in one family: host.Targets for all packets at once.
type targets struct {
	space    *packetset.Space
	host     *host.Host
	governed packetset.Set // all that reach anything
	single   packetset.Set // those that reach one target
	toOwn    packetset.Set // those to containers' own addresses
	alone    []target      // those of single, disjoint
	shared   []shared
	own      *netipx.IPSet                         // the host's addresses
	live     []*host.Container                     // running, with a network of their own
	members  map[*host.Container][]*host.Container // of the live ones: themselves, and who runs in their network
	memo     map[string]packetset.Set
}

func newTargets(s *packetset.Space, h *host.Host) *targets {
	t := &targets{space: s, host: h, own: ownAddresses(h), members: map[*host.Container][]*host.Container{}, memo: map[string]packetset.Set{}}
	t.findMembers()
	direct := t.direct()
	ports := t.published()
	taken := s.None() // packets to published ports that also are somebody's own address
	for _, p := range ports {
		taken = taken.Or(t.addPort(p, direct))
	}
	t.toOwn = s.None()
	for _, d := range direct {
		t.toOwn = t.toOwn.Or(t.addressed(d.addresses))
		t.alone = append(t.alone, target{d.container, 0, t.addressed(d.addresses).Minus(taken)})
	}
	var sets []packetset.Set
	for _, a := range t.alone {
		sets = append(sets, a.set)
	}
	t.single = union(s, sets)
	t.governed = t.single
	for _, c := range t.shared {
		t.governed = t.governed.Or(c.set)
	}
	return t
}

func (t *targets) addressed(s *netipx.IPSet) packetset.Set {
	return t.space.Where(netfilter.DestinationAddress, netfilter.AllOnes, rangesOf(s, t.space.Family()))
}

func (t *targets) findMembers() {
	for i := range t.host.Containers {
		c := &t.host.Containers[i]
		owner := t.host.Owner(c)
		if !c.Running || owner == nil || !owner.Running {
			continue
		}
		if owner == c {
			t.live = append(t.live, c)
		}
		t.members[owner] = append(t.members[owner], c)
	}
}

// lead is destinations with what they lead to.
type lead struct {
	addresses *netipx.IPSet
	container *host.Container
	port      uint16
}

// direct are the addresses of Docker's bridge networks, apart from the host's own: those of containers, and the rest of
// each subnet. The first network that has an address counts, and on it the first container.
func (t *targets) direct() []lead {
	var all []lead
	taken := t.own
	for _, n := range t.host.Networks {
		if n.Bridge == "" {
			continue
		}
		area := addrset.Minus(addrset.OfPrefixes(n.Subnets...), taken)
		known := map[netip.Addr]bool{}
		for i := range t.host.Containers {
			c := &t.host.Containers[i]
			mine := slices.DeleteFunc(addressesOn(c, n.Name), func(a netip.Addr) bool { return known[a] || !area.Contains(a) })
			for _, a := range mine {
				known[a] = true
			}
			if len(mine) > 0 {
				all = append(all, lead{addrset.OfAddresses(mine...), c, 0})
			}
		}
		if rest := addrset.Minus(area, addrset.OfAddresses(slices.Collect(maps.Keys(known))...)); !addrset.IsEmpty(rest) {
			all = append(all, lead{rest, nil, 0})
		}
		taken = addrset.Union(taken, area)
	}
	return all
}

// addressesOn are a running container's addresses on a network.
func addressesOn(c *host.Container, network string) []netip.Addr {
	var list []netip.Addr
	for _, e := range c.Endpoints {
		for _, a := range []netip.Addr{e.IPv4, e.IPv6} {
			if c.Running && e.Network == network && a.IsValid() {
				list = append(list, a)
			}
		}
	}
	return list
}

// port is a dialled port with all that it leads to.
type port struct {
	number
	leads []lead
}

type number struct {
	protocol host.Protocol
	port     uint16
}

// published are the ports that containers or swarm's services publish.
func (t *targets) published() []*port {
	var ports []*port
	known := map[number]*port{}
	add := func(n number, r lead) {
		if known[n] == nil {
			known[n] = &port{number: n}
			ports = append(ports, known[n])
		}
		known[n].leads = append(known[n].leads, r)
	}
	for _, c := range t.live {
		for _, p := range c.Publications {
			add(number{p.Protocol, p.HostPort}, lead{t.answeredAt(p), c, p.ContainerPort})
		}
	}
	for _, s := range t.host.Services {
		add(number{s.Protocol, s.HostPort}, lead{t.own, nil, s.ContainerPort})
	}
	return ports
}

// answeredAt are the addresses that a publication answers on: docker-proxy's UDP sockets hear broadcasts as well.
func (t *targets) answeredAt(p host.Publication) *netipx.IPSet {
	if !p.HostAddress.IsUnspecified() {
		return addrset.OfAddresses(p.HostAddress)
	}
	all := t.own
	if p.Protocol == host.UDP {
		all = addrset.Union(all, multicast, broadcasts(t.host))
	}
	return addrset.Intersect(all, allOf(p.HostAddress))
}

// addPort cuts the addresses that a port is published on into those that lead to the same, and gives back the packets
// among them that are for somebody's own address.
func (t *targets) addPort(p *port, direct []lead) packetset.Set {
	dialled := t.dialled(netfilter.One(netfilter.Small(uint64(p.protocol))), p.port)
	taken := t.space.None()
	for _, part := range parts(p.leads) {
		leads := slices.DeleteFunc(slices.Clone(p.leads), func(r lead) bool { return addrset.IsEmpty(addrset.Intersect(r.addresses, part)) })
		for _, d := range t.directIn(part, direct) {
			both := dialled.And(t.addressed(addrset.Intersect(d.addresses, part)))
			taken = taken.Or(both)
			t.addPart(both, append(slices.Clone(leads), d), p.port)
			part = addrset.Minus(part, d.addresses)
		}
		t.addPart(dialled.And(t.addressed(part)), leads, p.port)
	}
	return taken
}

// dialled are the packets to a port of some protocols.
func (t *targets) dialled(protocols netfilter.Ranges, port uint16) packetset.Set {
	return t.space.Where(netfilter.Protocol, netfilter.AllOnes, protocols).
		And(t.space.Where(netfilter.DestinationPort, netfilter.AllOnes, netfilter.One(netfilter.Small(uint64(port)))))
}

// directIn are those that have some of the addresses: mostly none, because a port is published on the host's own.
func (t *targets) directIn(part *netipx.IPSet, direct []lead) []lead {
	if addrset.IsEmpty(addrset.Minus(part, t.own)) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(direct), func(d lead) bool { return addrset.IsEmpty(addrset.Intersect(d.addresses, part)) })
}

// addPart adds packets to one port that all lead to the same.
func (t *targets) addPart(set packetset.Set, leads []lead, number uint16) {
	if set.IsEmpty() {
		return
	}
	var list []target
	for _, r := range leads {
		port := r.port
		if port == 0 {
			port = number // by its own address: the dialled port is its own
		}
		list = append(list, target{r.container, port, set})
	}
	if len(list) == 1 {
		t.alone = append(t.alone, list[0])
		return
	}
	t.shared = append(t.shared, shared{set, list})
}

// parts cuts sets of addresses into disjoint parts, each of which is in the same of them.
func parts(leads []lead) []*netipx.IPSet {
	var all []*netipx.IPSet
	for _, r := range leads {
		rest := r.addresses
		var cut []*netipx.IPSet
		for _, part := range all {
			both := addrset.Intersect(part, rest)
			for _, piece := range []*netipx.IPSet{both, addrset.Minus(part, both)} {
				if !addrset.IsEmpty(piece) {
					cut = append(cut, piece)
				}
			}
			rest = addrset.Minus(rest, both)
		}
		if !addrset.IsEmpty(rest) {
			cut = append(cut, rest)
		}
		all = cut
	}
	return all
}

// spokenOf are the packets, among those that reach one target, whose target a rule speaks of.
func (t *targets) spokenOf(m *Meaning, r *policy.Rule) packetset.Set {
	if r.Label == "" && r.To.Any() {
		return t.space.All()
	}
	key := r.Label + " " + selectors(r.To.Items) + " " + selectors(r.To.Except)
	if known, ok := t.memo[key]; ok {
		return known
	}
	var sets []packetset.Set
	for i := range t.alone {
		sets = append(sets, m.spokenOf(r, &t.alone[i]))
	}
	t.memo[key] = union(t.space, sets)
	return t.memo[key]
}
