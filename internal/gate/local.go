package gate

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// publishedPort is a port of the host with all publications on it in one address family.
type publishedPort struct {
	protocol     host.Protocol
	number       uint16
	publications []published
}

// published is a container's publication, or a port of swarm's routing mesh.
type published struct {
	address netip.Addr // unspecified: every address of the family
	place   int        // of the container in selection.live, or unknown
	port    uint16     // the container's own
}

// publish collects the published ports of the family, sorted by protocol and number.
//
// Ports published on loopback only are among them. The kernel's routing refuses packets from outside to 127.0.0.0/8
// before any hook sees them, but not where route_localnet is on (kube-proxy turns it on for all interfaces), and then a
// neighbour on the link reaches docker-proxy there. With the port in the dispatch, what dials loopback is refused, and
// what the host's owner redirects to it from elsewhere is judged like any other port.
func (f *familyCompiler) publish() {
	for i, c := range f.selection.live {
		for _, p := range c.Publications {
			if f.has(p.HostAddress) {
				f.publishOne(p.Protocol, p.HostPort, published{p.HostAddress, i, p.ContainerPort})
			}
		}
	}
	for _, s := range f.selection.host.Services {
		f.publishOne(s.Protocol, s.HostPort, published{f.whole.From(), unknown, s.ContainerPort})
	}
}

func (f *familyCompiler) publishOne(protocol host.Protocol, number uint16, pub published) {
	i, found := f.port(protocol, number)
	if !found {
		f.ports = slices.Insert(f.ports, i, &publishedPort{protocol: protocol, number: number})
	}
	f.ports[i].publications = append(f.ports[i].publications, pub)
}

// port is the place of a published port in f.ports, or where it would be.
func (f *familyCompiler) port(protocol host.Protocol, number uint16) (i int, found bool) {
	return slices.BinarySearchFunc(f.ports, number, func(p *publishedPort, number uint16) int {
		return cmp.Or(cmp.Compare(p.protocol, protocol), cmp.Compare(p.number, number))
	})
}

// addLocal adds the lines of a rule for conversations that end on the host itself, at a published port.
func (f *familyCompiler) addLocal(d *draft, line *Line, r *rule) {
	if r.plain() {
		d.add(line, r.Ports, everyPort())
		return
	}
	for _, p := range f.portsOf(r) {
		if !speakOf(r.Ports, p.protocol, p.number) {
			continue
		}
		if dialled, ok := f.dialled(r, p); ok {
			l := *line
			l.Dialled = dialled
			d.addPort(&l, p.protocol, p.number)
		}
	}
}

// portsOf are the published ports that a rule may speak of.
func (f *familyCompiler) portsOf(r *rule) []*publishedPort {
	if r.rest {
		return f.ports
	}
	var places []int
	for _, t := range r.listed {
		for _, p := range t.container.Publications {
			if i, found := f.port(p.Protocol, p.HostPort); found {
				places = append(places, i)
			}
		}
	}
	slices.Sort(places)
	var ports []*publishedPort
	for _, i := range slices.Compact(places) {
		ports = append(ports, f.ports[i])
	}
	return ports
}

// dialled are the host's addresses where a published port leads to a container that the rule speaks of. ok is false
// where there is none.
func (f *familyCompiler) dialled(r *rule, p *publishedPort) (set AddressSet, ok bool) {
	var meant, others []netip.Addr
	for _, pub := range p.publications {
		if r.covers(pub.place, pub.port) {
			meant = append(meant, pub.address)
		} else {
			others = append(others, pub.address)
		}
	}
	switch {
	case len(meant) == 0:
		return set, false
	case overlap(meant, others): // the engine says that two containers have the same port: whose is it?
		return set, r.Action == policy.Deny
	case r.At.IsValid():
		return f.list(r.At), slices.ContainsFunc(meant, func(a netip.Addr) bool { return meet(r.At, a) })
	case len(others) == 0:
		return set, true
	}
	return f.list(meant...), true
}

// overlap tells whether a port published on one of the addresses is in the way of one published on the others.
func overlap(some, others []netip.Addr) bool {
	for _, a := range some {
		for _, b := range others {
			if a == b || a.IsUnspecified() || b.IsUnspecified() {
				return true
			}
		}
	}
	return false
}

// scope are the addresses that a port is published on; none: all.
func (p *publishedPort) scope() []netip.Addr {
	var scope []netip.Addr
	for _, pub := range p.publications {
		if pub.address.IsUnspecified() {
			return nil
		}
		scope = append(scope, pub.address)
	}
	slices.SortFunc(scope, netip.Addr.Compare)
	return slices.Compact(scope)
}

// local is the finished dispatch of conversations that end on the host: the published ports, with the lines that speak
// of them. A port without a line is there too, for Default, and because a dialled loopback address is always refused.
func (d *draft) local(c *chains, ports []*publishedPort, otherwise policy.Action) Dispatch {
	out := Dispatch{Default: otherwise}
	for _, p := range []host.Protocol{host.TCP, host.UDP, host.SCTP} {
		others := func(port *publishedPort) bool { return port.protocol != p }
		own := slices.DeleteFunc(slices.Clone(ports), others)
		out.Segments = append(out.Segments, d.localSegments(c, p, own)...)
	}
	return out
}

func (d *draft) localSegments(c *chains, p host.Protocol, ports []*publishedPort) []Segment {
	stops := make([]int, len(ports))
	for i, port := range ports {
		stops[i] = int(port.number)
	}
	var out []Segment
	sweep(d.spans[p], stops, func(i int, lines []int) {
		chain := c.chain(portName(p, stops[i]), lines, ports[i].scope())
		out = append(out, Segment{p, ports[i].number, ports[i].number, chain})
	})
	return joined(out)
}
