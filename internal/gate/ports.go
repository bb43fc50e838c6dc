package gate

import (
	"cmp"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// everyPort is all ports, and 0 for what has none.
func everyPort() []policy.PortRange { return []policy.PortRange{{First: 0, Last: 65535}} }

func contains(ranges []policy.PortRange, port uint16) bool {
	return slices.ContainsFunc(ranges, func(r policy.PortRange) bool { return r.First <= port && port <= r.Last })
}

// union adds a range to sorted, disjoint ranges.
func union(ranges []policy.PortRange, add policy.PortRange) []policy.PortRange {
	ranges = append(without(ranges, add), add)
	slices.SortFunc(ranges, func(a, b policy.PortRange) int { return cmp.Compare(a.First, b.First) })
	return ranges
}

// without takes a range out of sorted, disjoint ranges.
func without(ranges []policy.PortRange, out policy.PortRange) []policy.PortRange {
	var left []policy.PortRange
	for _, r := range ranges {
		if r.Last < out.First || out.Last < r.First {
			left = append(left, r)
			continue
		}
		if r.First < out.First {
			left = append(left, policy.PortRange{First: r.First, Last: out.First - 1})
		}
		if out.Last < r.Last {
			left = append(left, policy.PortRange{First: out.Last + 1, Last: r.Last})
		}
	}
	return left
}

// intersect are the ports that are in both.
func intersect(a, b []policy.PortRange) []policy.PortRange {
	var both []policy.PortRange
	for _, x := range a {
		for _, y := range b {
			if first, last := max(x.First, y.First), min(x.Last, y.Last); first <= last {
				both = append(both, policy.PortRange{First: first, Last: last})
			}
		}
	}
	return both
}

// speakOf tells whether the ports of a rule have that port.
func speakOf(sets []policy.PortSet, p host.Protocol, port uint16) bool {
	return len(sets) == 0 || slices.ContainsFunc(sets, func(s policy.PortSet) bool {
		return s.Protocol == p && (len(s.Ranges) == 0 || contains(s.Ranges, port))
	})
}

func portsOf(p policy.Peer) policy.PortRange {
	if p.Container.Port == 0 {
		return everyPort()[0]
	}
	return policy.PortRange{First: p.Container.Port, Last: p.Container.Port}
}
