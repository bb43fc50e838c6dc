package scenarios

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/audit"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
	"github.com/dockwall/dockwall/internal/testbed"
)

// audited is what the audit says of the scene's host at one moment.
type audited struct {
	*audit.Report
	host *host.Host
}

// audit looks at the host as an administrator's audit does.
func (s *scene) audit() audited {
	s.Helper()
	file := filepath.Join(s.TempDir(), "snapshot.json")
	result, err := s.bed.Dockwall(s.Context(), lab.dockwall, "snapshot", file)
	s.must(err)
	if result.Exit != 0 {
		s.Fatalf("dockwall snapshot: exit %d\n%s", result.Exit, result.Stderr)
	}
	snapshot, err := host.ReadSnapshot(file)
	s.must(err)
	report, err := audit.Reachability(s.Context(), audit.Input{Machine: capture.Snapshot(snapshot), Host: snapshot.Host})
	s.must(err)
	return audited{report, snapshot.Host}
}

// agreesWithAudit fails for each dial of a client outside that connects where the audit says that the client reaches
// nothing, or does not where it says that it does and somebody listens. What the audit calls possible is a failure too:
// nothing is unknown on these hosts.
func (s *scene) agreesWithAudit(dials []dial, answers []testbed.Answer) {
	s.Helper()
	var a audited
	compared := 0
	defer func() { s.Logf("the audit agrees with %d of %d dials", compared, len(dials)) }()
	for i, d := range dials {
		packet, comparable := clientPacket(d)
		if !comparable {
			continue
		}
		if a.Report == nil {
			a = s.audit()
		}
		certain, possible, exposures := a.reaches(packet)
		open := answers[i].Outcome == testbed.Open
		switch {
		case open && !a.container(answers[i].Reply.Server), answers[i].Outcome == testbed.HungUp:
			// the host's own service, or docker-proxy whose container is gone
		case certain != possible:
			s.Errorf("the audit says possibly: %s: %s", d, answers[i])
		case open && !certain:
			s.Errorf("the audit says unreachable: %s: %s\n%v", d, answers[i], a.Exposed)
		case !open && certain && !d.beyondRouter(exposures) && s.listens(a, exposures, packet):
			s.Errorf("the audit says reachable: %s: %s\n%v", d, answers[i], exposures)
		default:
			compared++
		}
	}
}

// packet is a client's first packet, as it arrives on the host.
type packet struct {
	in, protocol string
	from         netip.Addr
	to           netip.AddrPort
}

// clientPacket is what a dial of a machine outside sends; false: of another one, or no port is dialled.
func clientPacket(d dial) (packet, bool) {
	outside := []string{"office", "neighbour", "router", "internet", "annex"}
	to, err := netip.ParseAddrPort(d.address)
	if err != nil || d.network == "icmp" || !slices.Contains(outside, d.from.Name) {
		return packet{}, false
	}
	p := packet{in: "eno1", protocol: d.network, to: netip.AddrPortFrom(to.Addr().WithZone(""), to.Port())}
	if d.from.Name == "annex" {
		p.in = "eno2"
	}
	for _, text := range testbed.Addresses(d.from.Name) {
		own := netip.MustParsePrefix(text).Addr()
		if own.Is4() == to.Addr().Is4() && own.IsLinkLocalUnicast() == to.Addr().IsLinkLocalUnicast() && !p.from.IsValid() {
			p.from = own
		}
	}
	return p, p.from.IsValid()
}

// beyondRouter tells whether a container's own address is dialled from where no route leads there.
func (d dial) beyondRouter(exposures []audit.Exposure) bool {
	return (d.from.Name == "internet" || d.from.Name == "router") &&
		!slices.ContainsFunc(exposures, func(e audit.Exposure) bool { return !e.Direct })
}

// container tells whether a server is one of the containers that the audit knows.
func (a audited) container(name string) bool {
	return slices.ContainsFunc(a.Exposed, func(e audit.Exposure) bool { return e.Name == name })
}

// reaches tells whether the audit has a packet's client among those that reach what it dials, and where.
func (a audited) reaches(p packet) (certain, possible bool, where []audit.Exposure) {
	for _, e := range a.Exposed {
		if !a.dialled(&e, p) {
			continue
		}
		for _, access := range e.Access {
			if !slices.Contains(access.Interfaces, p.in) || (access.Family == "IPv4") != p.from.Is4() ||
				len(access.DialledAt) > 0 && !slices.Contains(access.DialledAt, p.to.Addr().String()) {
				continue
			}
			if within(access.Sources, p.from) {
				certain, possible = true, true
				where = append(where, e)
			}
			possible = possible || within(access.PossibleOnly, p.from)
		}
	}
	return certain, possible, where
}

// dialled tells whether the packet dials what is exposed.
func (a audited) dialled(e *audit.Exposure, p packet) bool {
	if !e.Direct {
		return e.Ports == strconv.Itoa(int(p.to.Port()))+"/"+p.protocol &&
			(len(e.Addresses) == 0 || slices.Contains(e.Addresses, p.to.Addr().String()))
	}
	c := a.host.ContainerByID(e.Container)
	return c != nil && portListed(e.Ports, p.protocol, p.to.Port()) && slices.ContainsFunc(c.Endpoints, func(end host.Endpoint) bool {
		return end.IPv4 == p.to.Addr() || end.IPv6 == p.to.Addr()
	})
}

// portListed tells whether a port is among those of an exposure: "80,8000-8010/tcp udp" is all of UDP, too.
func portListed(text, protocol string, port uint16) bool {
	if text == "all ports" {
		return true
	}
	for _, part := range strings.Fields(text) {
		list, of, some := strings.Cut(part, "/")
		if !some && part == protocol || some && of == protocol && slices.ContainsFunc(strings.Split(list, ","), holds(port)) {
			return true
		}
	}
	return false
}

// holds tells of "80" or "8000-8010" whether a port is in it.
func holds(port uint16) func(string) bool {
	return func(item string) bool {
		first, last, isRange := strings.Cut(item, "-")
		if !isRange {
			last = first
		}
		from, errFrom := strconv.Atoi(first)
		to, errTo := strconv.Atoi(last)
		return errFrom == nil && errTo == nil && from <= int(port) && int(port) <= to
	}
}

func within(prefixes []string, a netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(text string) bool { return netip.MustParsePrefix(text).Contains(a) })
}

// listens tells whether the host itself gets an answer of a container's own port behind what is exposed.
func (s *scene) listens(a audited, exposures []audit.Exposure, p packet) bool {
	for _, e := range exposures {
		c := a.host.ContainerByID(e.Container)
		if c == nil {
			continue
		}
		port := strconv.Itoa(int(p.to.Port()))
		if !e.Direct && e.Leads != "" {
			port = e.Leads
		}
		for _, end := range c.Endpoints {
			for _, address := range []netip.Addr{end.IPv4, end.IPv6} {
				own := "[" + address.String() + "]:" + port
				if address.Is4() {
					own = address.String() + ":" + port
				}
				if address.IsValid() && s.bed.Host.Dial(s.Context(), p.protocol, own).Outcome == testbed.Open {
					return true
				}
			}
		}
	}
	return false
}
