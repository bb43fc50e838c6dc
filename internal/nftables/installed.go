package nftables

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
)

// The names that lead from the table's parts back to the gate's.
var (
	dispatchName  = regexp.MustCompile(`^(ingress|local|egress)([46])$`)
	crowdDispatch = regexp.MustCompile(`^(ingress|egress)([46])_dispatch$`)
	slotNames     = regexp.MustCompile(`^(ingress|local|egress)([46])_(echo|other|(?:tcp|udp|sctp)_\d+)$`)
	crowdNames    = regexp.MustCompile(`^(?:ingress|egress)[46]_(tcp|udp|sctp)_from\d+$`)
	mapName       = regexp.MustCompile(`^(?:ingress|local|egress)[46]_(tcp|udp|sctp)(?:_ranges)?$`)
)

// lines are what the installed rules and elements say of the policy's rules, sorted by family, way and port. Whether
// packets get there at all, only a comparison with the gate can tell.
func (r *reading) lines() []backend.Line {
	c := &collector{reading: r, ports: r.dispatched(), known: map[lineKey]int{}, counted: map[setName]bool{}}
	for _, name := range slices.Sorted(maps.Keys(r.chains)) {
		if m := dispatchName.FindStringSubmatch(string(name)); m != nil {
			c.addDefault(name, m)
		}
		if m := crowdDispatch.FindStringSubmatch(string(name)); m != nil {
			c.addCrowds(name, m)
		}
		if m := slotNames.FindStringSubmatch(string(name)); m != nil {
			c.addSlot(name, m)
		}
	}
	slices.SortStableFunc(c.lines, compareLines)
	return c.lines
}

func compareLines(a, b backend.Line) int {
	order := cmp.Or(cmp.Compare(a.Family, b.Family), cmp.Compare(wayOrder[a.Way], wayOrder[b.Way]))
	if order == 0 && a.Default != b.Default {
		if a.Default {
			return 1
		}
		return -1
	}
	return cmp.Or(order, slices.CompareFunc(a.Ports, b.Ports, comparePorts))
}

var wayOrder = map[gate.Way]int{gate.Ingress: 0, gate.Local: 1, gate.Egress: 2}

func comparePorts(a, b backend.Ports) int {
	return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.First, b.First))
}

// dispatched are the ports that lead to each chain.
func (r *reading) dispatched() map[chainName][]backend.Ports {
	out := map[chainName][]backend.Ports{}
	for name, s := range r.sets {
		m := mapName.FindStringSubmatch(string(name))
		if m == nil {
			continue
		}
		for _, e := range s.elements {
			if chain, ok := strings.CutPrefix(e.verdict, "goto "); ok && len(e.first) == 2 {
				ports := backend.Ports{Protocol: protocolNamed(m[1]), First: e.first.port(), Last: e.last.port()}
				out[chainName(chain)] = append(out[chainName(chain)], ports)
			}
		}
	}
	for _, ports := range out {
		slices.SortFunc(ports, comparePorts)
	}
	return out
}

func protocolNamed(name string) host.Protocol {
	i := slices.IndexFunc(protocols, func(p host.Protocol) bool { return p.String() == name })
	return protocols[i] // the name matched mapName
}
