package audit

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/addrset"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/reach"
	"github.com/dockwall/dockwall/internal/story"
	"github.com/dockwall/dockwall/internal/walk"
)

// Input is what is audited.
type Input struct {
	Machine *netfilter.Machine
	Host    *host.Host     // what Docker has there; Infer tells it where no engine was asked
	Policy  *policy.Policy // nil: none. Its sets give names to addresses, and what it allows is meant
}

// auditor is one audit.
type auditor struct {
	Input
	report   *Report
	machine  *netfilter.Machine
	host     *host.Host
	analysis *reach.Analysis
	scene    story.Scene
	walker   *walk.Walker // made when it is first needed
	bridges  []string
	inside   []string         // where packets go that come to containers: the bridges, and "" for docker-proxy on the host
	outside  []host.Interface // interfaces on which clients' packets arrive
	ports    []portPair
	words    map[string]Vocabulary // by interface
	found    []*exposed
	byOwner  map[*host.Container][]*exposed // publications; nil: those of services
	at       map[netip.Addr]*host.Container // running ones
	own      *netipx.IPSet                  // the host's addresses, loopback with them
	fromHost map[string]bool                // what hostReaches said
	examples map[packetset.Set]exampled     // of direct ways
	told     map[setFrom]told               // what once said
}

// Run audits a host.
func Run(ctx context.Context, in Input) (*Report, error) {
	a := newAuditor(in)
	if err := a.expose(ctx); err != nil {
		return nil, err
	}
	a.exposureFindings()
	if err := a.userChainFindings(ctx); err != nil {
		return nil, err
	}
	a.pastTheHost()
	a.otherVariant()
	a.unpublishedPorts()
	a.engineFindings()
	a.ip6tablesOff()
	a.unknownRules()
	a.unfollowed()
	a.report.collect()
	a.report.sort()
	return a.report, nil
}

// Reachability is an audit without findings: who reaches what.
func Reachability(ctx context.Context, in Input) (*Report, error) {
	a := newAuditor(in)
	err := a.expose(ctx)
	a.unfollowed()
	return a.report, err
}

func newAuditor(in Input) *auditor {
	a := &auditor{Input: in, machine: in.Machine, host: in.Host, analysis: reach.New(in.Machine),
		scene: story.Scene{Machine: in.Machine, Host: in.Host}, bridges: in.Host.Bridges(), ports: portsOf(in.Host), fromHost: map[string]bool{},
		examples: map[packetset.Set]exampled{}, told: map[setFrom]told{},
		byOwner: map[*host.Container][]*exposed{}, at: map[netip.Addr]*host.Container{}}
	a.inside = append([]string{""}, a.bridges...)
	a.report = &Report{Host: in.Host.Name, Engine: engineText(in.Host.Engine), Captured: in.Host.Captured,
		Missing: in.Machine.Missing, Exposed: []Exposure{}, Findings: []Finding{}}
	if len(a.ports) == 0 && in.Host.Engine == nil {
		a.report.Missing = append(slices.Clone(a.report.Missing), "no rule here publishes a port: either nothing is published, or "+
			"Docker has its rules elsewhere (its nftables backend keeps them in nft, which iptables-save does not show)")
	}
	a.findOutside()
	return a
}

// unfollowed notes which sets of packets could not be followed to the end.
func (a *auditor) unfollowed() {
	for _, f := range bothFamilies {
		a.report.Missing = append(slices.Clip(a.report.Missing), tooLarge(a.analysis.Space(f))...)
	}
}

// tooLarge says so where sets of packets could not be followed to the end: possible is then more than really is.
func tooLarge(s *packetset.Space) []string {
	if !s.Full() {
		return nil
	}
	return []string{fmt.Sprintf("the sets of %s packets became too large to be followed to the end", familyName(s.Family()))}
}

// findOutside collects the interfaces that clients come in by, and the addresses that tell nothing on them: those that
// no client has, and the host's own networks behind other interfaces.
func (a *auditor) findOutside() {
	a.words = map[string]Vocabulary{}
	names := a.names()
	var own, never []netip.Prefix
	for _, i := range a.host.Interfaces {
		for _, p := range i.Addresses {
			own = append(own, netip.PrefixFrom(p.Addr(), p.Addr().BitLen()))
			if last := netipx.PrefixLastIP(p); p.Addr().Is4() && p.Bits() < 31 {
				never = append(never, netip.PrefixFrom(last, 32)) // its broadcast address
			}
		}
	}
	a.own = addrset.Union(addrset.OfPrefixes(own...), addrset.OfPrefixes(netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")))
	for _, n := range a.host.Networks {
		if n.Bridge != "" {
			own = append(own, n.Subnets...)
		}
	}
	ignored := implausible(append(own, never...)...)
	for _, i := range a.machine.Interfaces {
		if i.Master != "" || i.Loopback || a.host.Inside(i.Name) {
			continue
		}
		a.outside = append(a.outside, i)
		a.words[i.Name] = Vocabulary{Names: names, Ignored: ignored}
		a.report.Interfaces = append(a.report.Interfaces, i.Name)
	}
	slices.Sort(a.report.Interfaces)
}

// names are the sets of the policy.
func (a *auditor) names() []Named {
	if a.Policy == nil {
		return nil
	}
	var names []Named
	for name, set := range a.Policy.Sets {
		names = append(names, Named{name, addrset.OfRanges(set.Ranges...)})
	}
	slices.SortFunc(names, func(a, b Named) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return names
}
