package audit

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/addrset"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/verify"
)

// exposureFindings are about who reaches what.
func (a *auditor) exposureFindings() {
	var proxied []*exposed
	for _, e := range a.found {
		switch {
		case e.onHost != nil:
		case e.publication == nil:
			a.directly(e)
		case loopbackOnly(e):
			a.loopback(e)
		default:
			a.internet(e)
		}
		a.powerful(e)
		if slices.ContainsFunc(e.ways, func(w way) bool { return w.kind == Proxy }) {
			proxied = append(proxied, e)
		}
	}
	a.proxiedPastRules(proxied)
	a.powerfulOnHost()
}

// subject names an exposure: "8123/tcp (clickhouse)".
func (e *exposed) subject() string { return fmt.Sprintf("%s (%s)", e.Ports, e.Name) }

// loopbackOnly tells whether a port is published on loopback addresses and no other.
func loopbackOnly(e *exposed) bool {
	return !slices.ContainsFunc(e.publication.Addresses, func(a netip.Addr) bool { return !a.IsLoopback() })
}

// publicly are the packets from addresses of the internet, of more than half of which they come; else empty.
func (a *auditor) publicly(w way) way {
	space := a.analysis.Space(w.family)
	public := publicAddresses(w.family)
	from := w.among(space.Where(netfilter.SourceAddress, netfilter.AllOnes, rangesOf(public, w.family)))
	if !a.facesInternet(w) || from.set.IsEmpty() {
		return w.among(space.None())
	}
	open := sources(from.set.Possibly(), w.family)
	if size(open) <= size(public)/2 {
		return w.among(space.None())
	}
	return from
}

// publicAddresses are those that the internet routes.
func publicAddresses(f netfilter.Family) *netipx.IPSet {
	if f == netfilter.IPv6 {
		return addrset.OfPrefixes(netip.MustParsePrefix("2000::/3"))
	}
	private := addrset.OfPrefixes(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("169.254.0.0/16"), sharedSpace)
	return addrset.Minus(addrset.Minus(everything(f), implausible()), private)
}

// size is how many addresses a set has; of IPv6, how many /64.
func size(s *netipx.IPSet) float64 {
	total := 0.0
	for _, p := range s.Prefixes() {
		open := p.Addr().BitLen() - p.Bits()
		if p.Addr().Is6() {
			open -= 64
		}
		total += math.Ldexp(1, open)
	}
	return total
}

func rangesOf(s *netipx.IPSet, f netfilter.Family) netfilter.Ranges {
	var ranges []netfilter.Range
	for _, r := range s.Ranges() {
		if r.From().Is4() == (f == netfilter.IPv4) {
			ranges = append(ranges, netfilter.Range{First: netfilter.OfAddress(r.From()), Last: netfilter.OfAddress(r.To())})
		}
	}
	return netfilter.NewRanges(ranges...)
}

// facesInternet tells whether the internet is behind an interface: a default route leads there, or it has a public
// address. Where no route is known, it may be.
func (a *auditor) facesInternet(w way) bool {
	if len(a.machine.Routes) == 0 {
		return true
	}
	for _, r := range a.machine.Routes {
		if r.Interface == w.in && r.Destination.Bits() == 0 && r.Destination.Addr().Is4() == (w.family == netfilter.IPv4) {
			return true
		}
	}
	i := slices.IndexFunc(a.outside, func(i host.Interface) bool { return i.Name == w.in })
	return i >= 0 && slices.ContainsFunc(a.outside[i].Addresses, func(p netip.Prefix) bool {
		return p.Addr().Is4() == (w.family == netfilter.IPv4) && publicAddresses(w.family).Contains(p.Addr())
	})
}

// internet finds ports that are open to the internet, over both families or over IPv6 alone.
func (a *auditor) internet(e *exposed) {
	var open []way
	for _, w := range e.ways {
		if from := a.publicly(w); !from.set.IsEmpty() {
			open = append(open, from)
		}
	}
	if len(open) == 0 {
		return
	}
	over4 := slices.ContainsFunc(open, func(w way) bool { return w.family == netfilter.IPv4 })
	published4 := slices.ContainsFunc(e.publication.Addresses, netip.Addr.Is4)
	slices.SortStableFunc(open, func(v, w way) int { return cmp.Compare(v.kind.order(), w.kind.order()) })
	p, possibly, _ := a.example(open[0])
	f := Finding{Kind: OpenToInternet, Subject: e.subject(), Evidence: a.evidence(p), Possible: possibly,
		Message: "anybody on the internet reaches it"}
	if !over4 && published4 {
		f.Kind = OpenOverIPv6
		f.Message = fmt.Sprintf("anybody on the internet reaches it over IPv6 (by %s), though not over IPv4", open[0].kind)
	}
	if possibly {
		f.Message = strings.Replace(f.Message, "anybody", "possibly anybody", 1)
	}
	if a.meant(p) {
		f.Severity = Low
		f.Message += ", as the policy says"
		f.Remedy = "Nothing, if that is meant."
	}
	a.report.add(f)
}

// meant tells whether the policy allows a packet.
func (a *auditor) meant(p netfilter.Packet) bool {
	return a.Policy != nil && policy.Decide(a.Policy, a.host, verify.Conversation(p, "")).Allowed
}

// loopback finds ports published on loopback that clients outside reach.
func (a *auditor) loopback(e *exposed) {
	for _, w := range e.ways {
		if p, possibly, some := a.example(w); some {
			a.report.add(Finding{Kind: LoopbackFromLink, Subject: e.subject(), Possible: possibly, Evidence: a.evidence(p),
				Message: fmt.Sprintf("a neighbour on %s reaches it by sending packets for %s to this host", w.in, p.Destination)})
			return
		}
	}
}

// directly finds containers that are reached by their own address, and by translations that are not Docker's.
func (a *auditor) directly(e *exposed) {
	for _, w := range e.ways {
		p, possibly, some := a.example(w)
		if !some {
			continue
		}
		f := Finding{Kind: DirectRouting, Subject: e.Name, Possible: possibly, Evidence: a.evidence(p),
			Message: fmt.Sprintf("%s of it can be reached from %s at its own address %s", e.Ports, w.in, p.Destination)}
		if w.kind == ForeignDNAT {
			f.Message = fmt.Sprintf("a translation that is not Docker's leads from %s into it", p.Destination)
		}
		if a.meant(p) {
			f.Severity = Low
			f.Message += ", as the policy says"
		}
		a.report.add(f)
		return
	}
}

// powerful finds reachable containers that are as good as root of the host.
func (a *auditor) powerful(e *exposed) {
	c := e.container
	if c == nil || len(e.Access) == 0 || !c.Privileged && !c.DockerSocket {
		return
	}
	f := Finding{Kind: PowerReachable, Subject: e.subject(), Message: fmt.Sprintf("%s, and %s reaches it", powerOf(c), e.Access[0].who())}
	if p, possibly, some := a.example(e.ways[0]); some {
		f.Evidence, f.Possible = a.evidence(p), possibly
	}
	a.report.add(f)
}

// powerOf is why a container is as good as root.
func powerOf(c *host.Container) string {
	if c.DockerSocket {
		return "it has the Docker engine's socket"
	}
	return "it runs privileged"
}

// proxiedPastRules finds ports that docker-proxy serves although DOCKER-USER has rules that refuse. Dockwall's are in INPUT, too.
func (a *auditor) proxiedPastRules(proxied []*exposed) {
	if len(proxied) == 0 || !refusesByHand(userChain(a.machine, netfilter.IPv4)) && !refusesByHand(userChain(a.machine, netfilter.IPv6)) {
		return
	}
	var ports []string
	for _, e := range proxied {
		ports = append(ports, e.Ports)
	}
	w := proxied[0].ways[slices.IndexFunc(proxied[0].ways, func(w way) bool { return w.kind == Proxy })]
	p, possibly, _ := a.example(w)
	a.report.add(Finding{Kind: ProxiedPastRules, Subject: short(strings.Join(ports, ", ")), Possible: possibly, Evidence: a.evidence(p),
		Message: fmt.Sprintf("docker-proxy serves it to clients over %s, and the rules in DOCKER-USER do not see them", familyName(w.family))})
}
