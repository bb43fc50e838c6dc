package audit

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/addrset"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// accessOf tells an exposure's ways in words, those of several interfaces together where they are alike.
func (a *auditor) accessOf(e *exposed) []Access {
	var all []Access
	slices.SortStableFunc(e.ways, func(v, w way) int { return cmp.Compare(v.kind.order(), w.kind.order()) })
	for _, w := range e.ways {
		one, some := a.tell(w)
		if !some {
			continue
		}
		if len(e.Addresses) == 0 {
			one.DialledAt = a.dialledAt(w)
		}
		if e.publication == nil {
			e.Ports = joinPorts(e.Ports, portsText(a.analysis.Space(w.family), w.set))
		}
		like := func(o Access) bool {
			return o.Way == one.Way && o.Family == one.Family && o.From == one.From && o.Possibly == one.Possibly &&
				slices.Equal(o.DialledAt, one.DialledAt)
		}
		if i := slices.IndexFunc(all, like); i >= 0 {
			all[i].Interfaces = append(all[i].Interfaces, one.Interfaces...)
			slices.Sort(all[i].Interfaces)
			continue
		}
		all = append(all, one)
	}
	return all
}

// tell is one way in words; false where only clients use it that cannot exist.
func (a *auditor) tell(w way) (Access, bool) {
	v := a.words[w.in]
	certain := sources(w.set.Certainly(), w.family)
	possible := sources(w.set.Possibly(), w.family)
	one := Access{Way: w.kind, Family: familyName(w.family), Interfaces: []string{w.in},
		From: v.Tell(certain, w.family), Sources: prefixTexts(certain)}
	if maybe := v.Tell(possible, w.family); maybe != one.From {
		one.Possibly, one.PossibleOnly = maybe, prefixTexts(addrset.Minus(possible, certain))
	}
	return one, one.From != Nobody || one.Possibly != ""
}

func sources(s packetset.Set, f netfilter.Family) *netipx.IPSet {
	return addressesOf(s.Ranges(netfilter.SourceAddress), f)
}

func prefixTexts(s *netipx.IPSet) []string {
	texts := []string{}
	for _, p := range s.Prefixes() {
		texts = append(texts, p.String())
	}
	return texts
}

// dialledAt are the host's addresses outside where a translated port answers, if it does not at all of them.
func (a *auditor) dialledAt(w way) []string {
	if w.kind == Direct {
		return nil
	}
	ranges := w.set.Possibly().Ranges(netfilter.DestinationAddress)
	var there []string
	missing := false
	for _, i := range a.outside {
		for _, p := range i.Addresses {
			if p.Addr().Is4() != (w.family == netfilter.IPv4) || p.Addr().IsLinkLocalUnicast() {
				continue
			}
			if ranges.Contains(netfilter.OfAddress(p.Addr())) {
				there = append(there, p.Addr().String())
			} else {
				missing = true
			}
		}
	}
	if !missing {
		return nil
	}
	return there
}

// portsText are the ports that packets go to: "all ports", "8123/tcp", "80,443/tcp 53/udp".
func portsText(space *packetset.Space, s packetset.Set) string {
	s = s.Possibly()
	var texts []string
	whole := 0
	for _, p := range []host.Protocol{host.TCP, host.UDP, host.SCTP} {
		ranges := s.And(field(space, netfilter.Protocol, uint64(p))).Ranges(netfilter.DestinationPort)
		switch {
		case len(ranges) == 0:
		case len(ranges) == 1 && ranges[0].First.Low <= 1 && ranges[0].Last.Low == 65535:
			whole++
			texts = append(texts, p.String())
		default:
			texts = append(texts, rangeText(ranges)+"/"+p.String())
		}
	}
	if whole == 3 {
		return allPorts
	}
	return strings.Join(texts, " ")
}

const allPorts = "all ports"

func joinPorts(a, b string) string {
	switch {
	case a == "" || a == b || b == allPorts:
		return b
	case b == "" || a == allPorts || strings.Contains(a, b):
		return a
	}
	return fmt.Sprintf("%s %s", a, b)
}

func isPrivate(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLinkLocalUnicast() || sharedSpace.Contains(a)
}

// sharedSpace is that of carriers' translators (RFC 6598), and of Tailscale.
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")
