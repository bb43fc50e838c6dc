package policy

import (
	"slices"

	"github.com/dockwall/dockwall/internal/host"
)

// Matches tells whether the selector names the container's network stack: the container itself, or a running one that
// joined its network. The selector's port is not looked at. A bare name is also that of a swarm service.
func (s *ContainerSelector) Matches(h *host.Host, c *host.Container) bool {
	if s.names(c) {
		return true
	}
	for i := range h.Containers {
		joined := &h.Containers[i]
		if joined != c && joined.Running && joined.SharesNetwork != "" && h.Owner(joined) == c && s.names(joined) {
			return true
		}
	}
	return false
}

// names tells whether the selector names exactly this container.
func (s *ContainerSelector) names(c *host.Container) bool {
	switch {
	case s.Network != "":
		return slices.ContainsFunc(c.Endpoints, func(e host.Endpoint) bool { return e.Network == s.Network })
	case s.LabelKey != "":
		value, ok := c.Labels[s.LabelKey]
		return ok && (!s.HasLabelValue || value == s.LabelValue)
	case s.Service != "":
		return c.Project == s.Project && c.Service == s.Service
	}
	return c.Name == s.Name || c.Project == "" && c.Service == s.Name && s.Name != ""
}

// matchesTarget tells whether the selector names what a conversation reaches. An unknown target is named by none.
func (s *ContainerSelector) matchesTarget(h *host.Host, t host.Target) bool {
	return t.Container != nil && s.Matches(h, t.Container) && (s.Port == 0 || s.Port == t.Port)
}

// contains tells whether one of the peers names the target.
func namesTarget(peers []Peer, h *host.Host, t host.Target) bool {
	return slices.ContainsFunc(peers, func(p Peer) bool { return p.Container.matchesTarget(h, t) })
}
