package initial

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/publication"
)

// firstEphemeral is where the ports begin that Docker takes for a publication that names none (the kernel's default for
// ip_local_port_range). They are others after the next start.
const firstEphemeral = 32768

// group is publications of neighbouring ports that are the same in everything else: one rule's worth.
type group struct {
	publication.Publication        // the one with the lowest port
	last                    uint16 // the highest port
}

// grouped puts publications that differ only in their port, and follow each other, together.
func grouped(publications []publication.Publication) []group {
	var groups []group
	for _, p := range publications {
		i := slices.IndexFunc(groups, func(g group) bool {
			return !g.ephemeral() && g.last+1 == p.Port && g.Protocol == p.Protocol && g.Container != nil &&
				g.Container == p.Container && slices.Equal(g.Addresses, p.Addresses)
		})
		if i >= 0 {
			groups[i].last = p.Port
			continue
		}
		groups = append(groups, group{p, p.Port})
	}
	return groups
}

func (g group) ephemeral() bool { return g.Container != nil && g.Port >= firstEphemeral }

func (g group) title() string {
	switch {
	case g.Container == nil:
		return g.Name + ", a service of the swarm"
	case g.ephemeral():
		return fmt.Sprintf("%s, on a port that Docker may choose anew, now %d", g.Name, g.Port)
	}
	return g.Name
}

// reachedBy says who reaches the group while nothing is in force.
func (g group) reachedBy() string {
	if at := g.At(); len(at) > 0 {
		return "anyone who reaches " + join(at, " or ") + ", by whichever interface"
	}
	if !slices.Contains(g.Addresses, netip.IPv6Unspecified()) {
		return "anyone, over IPv4"
	}
	if !slices.Contains(g.Addresses, netip.IPv4Unspecified()) {
		return "anyone, over IPv6"
	}
	if g.Container != nil && !hasIPv6(g.Container) {
		return "anyone, over IPv4, and over IPv6 by docker-proxy"
	}
	return "anyone, over IPv4 and IPv6"
}

func hasIPv6(c *host.Container) bool {
	return slices.ContainsFunc(c.Endpoints, func(e host.Endpoint) bool { return e.IPv6.IsValid() })
}

func join(addresses []netip.Addr, between string) string {
	texts := make([]string, len(addresses))
	for i, a := range addresses {
		texts[i] = a.String()
	}
	return strings.Join(texts, between)
}

// sentences are the group's rules: one, or one for each host address that it is published on.
func (w *writer) sentences(g group) []string {
	base := "allow " + g.ports() + " from any" + w.to(g)
	if len(g.At()) == 0 {
		return []string{base}
	}
	var sentences []string
	for _, a := range g.At() {
		sentences = append(sentences, base+" at "+a.String())
	}
	return sentences
}

// ports are those that clients dial, except where they change: then the protocol alone, for the container's own port.
func (g group) ports() string {
	switch {
	case g.ephemeral():
		return g.Protocol.String()
	case g.last > g.Port:
		return fmt.Sprintf("%d-%d/%s", g.Port, g.last, g.Protocol)
	}
	return g.Dialled()
}

// to names the container as it will be found again when it is made anew: by its service, or else by its name. A name
// that the language takes for something else is left out, and the rule is then for whoever publishes the port.
func (w *writer) to(g group) string {
	if g.Container == nil {
		return ""
	}
	port := ""
	if g.ephemeral() {
		port = fmt.Sprintf(":%d", g.ContainerPort)
	}
	for _, name := range []string{g.Container.Project + "/" + g.Container.Service, g.Container.Service, g.Container.Name} {
		to := " to " + name + port
		r, problems := policy.ParseSentence(policy.Ingress, "allow tcp from any"+to)
		if problems.Err() == nil && len(r.To.Items) == 1 && r.To.Items[0].Container.Matches(w.host, g.Container) {
			return to
		}
	}
	return ""
}
