package imports

import (
	"fmt"
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/host"
)

// unknownPools are where containers' addresses are taken to be when no host is given: Docker's own pool, its default
// bridge's part of it, and IPv6's private addresses.
var unknownPools = [2]string{defaultPool, "fc00::/7"}

const defaultSubnet = "172.17.0.0/16"

// byAddress are the containers that have the addresses. Named tells that single containers were picked, not networks.
func (w *world) byAddress(a addresses, f family) (inside names, named bool, err error) {
	switch {
	case a.any(f):
		return everyName(), false, nil
	case a.other: // a negation
		inside, named, err = w.byAddress(a.not(f), f)
		return inside.not(), named, err
	case w.known:
		inside, named = w.knownByAddress(a.set, f)
		return inside, named, nil
	}
	pool := prefixSet(unknownPools[f])
	docker0 := prefixSet(defaultSubnet)
	switch {
	case within(pool, a.set):
		return everyName(), false, nil
	case !pool.Overlaps(a.set):
		return only(), false, nil
	case f == ipv4 && within(docker0, a.set) && within(intersect(a.set, pool), docker0):
		return w.networks[0].inside, false, nil
	}
	return names{}, false, fmt.Errorf("which containers have the address %s is not known without the host", shown(a.set))
}

func (w *world) knownByAddress(set *netipx.IPSet, f family) (inside names, named bool) {
	inside = only()
	all := true
	for _, n := range w.networks {
		subnets := intersect(n.subnets, wholeSet(f))
		if !isEmpty(subnets) && within(subnets, set) {
			inside = inside.or(n.inside)
			continue
		}
		all = false
		for _, name := range n.inside.list {
			if w.hasAddress(name, n.name, set) {
				inside, named = inside.or(only(name)), true
			}
		}
	}
	if all && len(w.networks) > 0 {
		return everyName(), false
	}
	return inside, named
}

// hasAddress tells whether a container's address on a network is in the set.
func (w *world) hasAddress(container, network string, set *netipx.IPSet) bool {
	return slices.ContainsFunc(w.host.Containers, func(c host.Container) bool {
		return c.Name == container && slices.ContainsFunc(c.Endpoints, func(e host.Endpoint) bool {
			return e.Network == network && (set.Contains(e.IPv4) || set.Contains(e.IPv6))
		})
	})
}

func prefixSet(text string) *netipx.IPSet {
	return setOf(netipx.RangeOfPrefix(netip.MustParsePrefix(text)))
}

// shown is the set's first range, for messages.
func shown(s *netipx.IPSet) string {
	ranges := s.Ranges()
	if len(ranges) == 0 {
		return "none"
	}
	if p, ok := ranges[0].Prefix(); ok && !p.IsSingleIP() {
		return p.String()
	}
	if ranges[0].From() == ranges[0].To() {
		return ranges[0].From().String()
	}
	return ranges[0].String()
}

// onlyContainers tells whether all of the addresses are of Docker's networks, so that nobody outside has them.
func (w *world) onlyContainers(set *netipx.IPSet) bool {
	if isEmpty(set) {
		return false
	}
	if !w.known {
		return within(set, prefixSet(defaultSubnet))
	}
	var b netipx.IPSetBuilder
	for _, n := range w.networks {
		b.AddSet(n.subnets)
	}
	return within(set, built(&b))
}
