package imports

import (
	"cmp"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// ports is a set of protocols and ports on one line of numbers: 65536 for each protocol that has ports, one for ICMP,
// and one for all other protocols. Its spans are sorted, disjoint and do not touch.
type ports []span

// span is an inclusive range of the line.
type span struct{ first, last int }

// The line's parts.
const (
	perProtocol = 1 << 16
	icmpPoint   = 3 * perProtocol
	otherPoint  = icmpPoint + 1
)

// ported are the protocols that have ports, in their order on the line.
var ported = []host.Protocol{host.TCP, host.UDP, host.SCTP}

// allPorts is the whole line.
func allPorts() ports { return ports{{0, otherPoint}} }

// pointOf is the place of a port on the line.
func pointOf(p host.Protocol, port uint16) int {
	return slices.Index(ported, p)*perProtocol + int(port)
}

// portRange is some ports of one protocol.
func portRange(p host.Protocol, first, last uint16) ports {
	return ports{{pointOf(p, first), pointOf(p, last)}}
}

// wholeProtocol is all of one protocol.
func wholeProtocol(p host.Protocol) ports {
	if p == host.ICMP {
		return ports{{icmpPoint, icmpPoint}}
	}
	return portRange(p, 0, perProtocol-1)
}

// onEvery is a range of ports of every protocol that has ports.
func onEvery(first, last uint16) ports {
	var all ports
	for _, p := range ported {
		all = all.or(portRange(p, first, last))
	}
	return all
}

func (p ports) or(q ports) ports {
	all := slices.Concat(p, q)
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	var merged ports
	for _, s := range all {
		if n := len(merged); n > 0 && s.first <= merged[n-1].last+1 {
			merged[n-1].last = max(merged[n-1].last, s.last)
		} else {
			merged = append(merged, s)
		}
	}
	return merged
}

func (p ports) not() ports {
	var gaps ports
	next := 0
	for _, s := range p {
		if s.first > next {
			gaps = append(gaps, span{next, s.first - 1})
		}
		next = s.last + 1
	}
	if next <= otherPoint {
		gaps = append(gaps, span{next, otherPoint})
	}
	return gaps
}

func (p ports) and(q ports) ports {
	var common ports
	for i, j := 0, 0; i < len(p) && j < len(q); {
		if s := (span{max(p[i].first, q[j].first), min(p[i].last, q[j].last)}); s.first <= s.last {
			common = append(common, s)
		}
		if p[i].last < q[j].last {
			i++
		} else {
			j++
		}
	}
	return common
}

func (p ports) minus(q ports) ports { return p.and(q.not()) }

func (p ports) has(point int) bool {
	return slices.ContainsFunc(p, func(s span) bool { return s.first <= point && point <= s.last })
}

// wide tells whether p names whole protocols rather than ports: more than a thousand of one protocol.
func (p ports) wide() bool {
	return slices.ContainsFunc(p, func(s span) bool { return s.last-s.first >= 1000 || s.last >= icmpPoint })
}

// singles are the ports that stand alone on the line.
func (p ports) singles() []int {
	var alone []int
	for _, s := range p {
		if s.first == s.last && s.first < icmpPoint {
			alone = append(alone, s.first)
		}
	}
	return alone
}

// sets are the ports as a rule has them: nil for all. Exact tells whether they are no less: protocols without a name
// cannot be told apart from others.
func (p ports) sets() (sets []policy.PortSet, exact bool) {
	if slices.Equal(p, allPorts()) {
		return nil, true
	}
	for _, protocol := range ported {
		if set := p.of(protocol); set != nil {
			sets = append(sets, *set)
		}
	}
	if p.has(icmpPoint) {
		sets = append(sets, policy.PortSet{Protocol: host.ICMP})
	}
	return sets, !p.has(otherPoint)
}

// of is the part of one protocol, nil where there is none. There is no port 0.
func (p ports) of(protocol host.Protocol) *policy.PortSet {
	whole := wholeProtocol(protocol)
	base := whole[0].first
	part := p.and(portRange(protocol, 1, perProtocol-1))
	if len(part) == 0 {
		return nil
	}
	set := &policy.PortSet{Protocol: protocol}
	if part[0] == (span{base + 1, base + perProtocol - 1}) {
		return set
	}
	for _, s := range part {
		set.Ranges = append(set.Ranges, policy.PortRange{First: uint16(s.first - base), Last: uint16(s.last - base)})
	}
	return set
}
