package verify

import (
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/addrset"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
	"github.com/dockwall/dockwall/internal/policy"
)

// spokenOf are the packets to a target that a rule speaks of: all, none, or those to some ports.
func (m *Meaning) spokenOf(r *policy.Rule, t *target) packetset.Set {
	if r.Label != "" && (t.container == nil || t.container.ID != r.Label) {
		return m.space.None()
	}
	spoken := m.space.All()
	if len(r.To.Items) > 0 {
		spoken = m.namedBy(r.To.Items, t)
	}
	return t.set.And(spoken.Minus(m.namedBy(r.To.Except, t)))
}

// speaksOf is spokenOf for a target with one port: all or nothing.
func (m *Meaning) speaksOf(r *policy.Rule, t *target) bool { return !m.spokenOf(r, t).IsEmpty() }

// namedBy are the packets to a target that one of the peers names.
func (m *Meaning) namedBy(peers []policy.Peer, t *target) packetset.Set {
	all := m.space.None()
	for _, p := range peers {
		if !m.targets.matches(p.Container, t.container) {
			continue
		}
		switch {
		case p.Container.Port == 0 || p.Container.Port == t.port:
			return m.space.All()
		case t.port == 0:
			all = all.Or(m.targets.dialled(withPorts, p.Container.Port))
		}
	}
	return all
}

// withPorts are the protocols of a policy that have ports.
var withPorts = netfilter.NewRanges(one(host.TCP), one(host.UDP), one(host.SCTP))

func one(p host.Protocol) netfilter.Range {
	return netfilter.Range{First: netfilter.Small(uint64(p)), Last: netfilter.Small(uint64(p))}
}

// matches tells whether a selector names a container's network: the container itself, or one that runs in it.
func (t *targets) matches(s *policy.ContainerSelector, c *host.Container) bool {
	return slices.ContainsFunc(t.members[c], func(m *host.Container) bool { return s.Matches(alone, m) })
}

// alone is a host where nobody runs in another's network: who does is known already.
var alone = &host.Host{}

// senders are the source addresses of the containers that a rule of egress speaks of. An address belongs to the first
// running container that has it; what no container has is named by none.
func (t *targets) senders(m *Meaning, r *policy.Rule) *netipx.IPSet {
	var spoken netipx.IPSetBuilder
	if len(r.From.Items) == 0 {
		spoken.AddSet(everyAddress)
	}
	seen := map[netip.Addr]bool{}
	for i := range t.host.Containers {
		c := &t.host.Containers[i]
		if !c.Running {
			continue
		}
		means := (len(r.From.Items) == 0 || t.matchesAny(r.From.Items, c)) && !t.matchesAny(r.From.Except, c)
		for _, e := range c.Endpoints {
			for _, a := range []netip.Addr{e.IPv4, e.IPv6} {
				if !a.IsValid() || seen[a] {
					continue
				}
				seen[a] = true
				if means {
					spoken.Add(a)
				} else {
					spoken.Remove(a)
				}
			}
		}
	}
	return addrset.Built(&spoken)
}

func (t *targets) matchesAny(peers []policy.Peer, c *host.Container) bool {
	return slices.ContainsFunc(peers, func(p policy.Peer) bool { return t.matches(p.Container, c) })
}
