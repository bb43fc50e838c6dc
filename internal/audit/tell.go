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
		if e.publication == nil && e.onHost == nil {
			e.Ports = joinPorts(e.Ports, a.once(w).ports)
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

// told is what there is to tell of a set of packets: the words that Access has for them, and their ports.
type told struct {
	from, possibly        string
	sources, possibleOnly []string
	ports                 string
}

// setFrom is a set of packets that arrive on an interface.
type setFrom struct {
	set packetset.Set
	in  string
}

// once tells of a way's packets. Containers whose own addresses rules treat alike have the same set, and are told of once.
func (a *auditor) once(w way) told {
	key := setFrom{w.set, w.in}
	t, known := a.told[key]
	if !known {
		t = a.words[w.in].tellSet(w.set, w.family)
		if w.kind == Direct || w.kind == ForeignDNAT {
			t.ports = portsText(a.analysis.Space(w.family), w.set)
		}
		a.told[key] = t
	}
	return t
}

func (v Vocabulary) tellSet(s packetset.Set, f netfilter.Family) told {
	certain, possible := sources(s.Certainly(), f), sources(s.Possibly(), f)
	t := told{from: v.Tell(certain, f), sources: prefixTexts(certain)}
	if maybe := v.Tell(possible, f); maybe != t.from {
		t.possibly, t.possibleOnly = maybe, prefixTexts(addrset.Minus(possible, certain))
	}
	return t
}

// tell is one way in words; false where only clients use it that cannot exist.
func (a *auditor) tell(w way) (Access, bool) {
	t := a.once(w)
	one := Access{Way: w.kind, Family: familyName(w.family), Interfaces: []string{w.in},
		From: t.from, Possibly: t.possibly, Sources: t.sources, PossibleOnly: t.possibleOnly}
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
