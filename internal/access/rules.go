package access

import (
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// speaksOf tells whether an ingress rule has anything to do with the publication.
func speaksOf(r *policy.Rule, p Publication, h *host.Host) bool {
	if r.Label != "" && (p.Container == nil || p.Container.ID != r.Label) {
		return false
	}
	return r.HasPort(p.Protocol, p.Port) && atAddress(r.At, p) && toContainer(r.To, p, h)
}

func atAddress(at netip.Addr, p Publication) bool {
	return !at.IsValid() || slices.ContainsFunc(p.Addresses, func(a netip.Addr) bool {
		return a == at || a.IsUnspecified() && a.Is4() == at.Is4()
	})
}

func toContainer(to policy.Peers, p Publication, h *host.Host) bool {
	meant := func(peer policy.Peer) bool {
		s := peer.Container
		return p.Container != nil && s.Matches(h, p.Container) && (s.Port == 0 || s.Port == p.ContainerPort)
	}
	return (len(to.Items) == 0 || slices.ContainsFunc(to.Items, meant)) && !slices.ContainsFunc(to.Except, meant)
}
