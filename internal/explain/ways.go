package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
)

// Way is one way to containers or out of them, with what takes it.
type Way struct {
	Name   string   `json:"name"`   // "DNAT", "docker-proxy", ...
	Path   string   `json:"path"`   // "prerouting → forward → postrouting → bridge"
	Means  string   `json:"means"`  // for people
	Takers []string `json:"takers"` // "8123/tcp → clickhouse (IPv4)"
}

// ways are those that something on this host can take.
func (d *drawer) ways() []Way {
	ways := []Way{
		{"DNAT", "prerouting → forward → postrouting → bridge", "a published port, translated by a NAT rule", d.translatedPorts()},
		{"docker-proxy", "prerouting → input → docker-proxy → output → postrouting → bridge",
			"a published port where no NAT rule fits: docker-proxy listens and dials the container itself", d.proxiedPorts()},
		{"direct", "prerouting → forward → postrouting → bridge", "a container's own address, for whoever routes to it by this host",
			d.bridges()},
		{"swarm's mesh", "prerouting → forward → postrouting → docker_gwbridge", "a service's port, on every node", d.services()},
		{"the host's network", "prerouting → input", "containers without a network of their own: their ports are the host's",
			d.onHost()},
		{"past the host", "the parent interface", "macvlan and ipvlan: no rule of this host sees these packets", d.past()},
		{"out", "prerouting → forward → postrouting → outside", "what containers begin themselves", d.leavers()},
	}
	return slices.DeleteFunc(ways, func(w Way) bool { return len(w.Takers) == 0 })
}

func publication(p host.Publication) string {
	text := fmt.Sprintf("%d/%s", p.HostPort, p.Protocol)
	if !p.HostAddress.IsUnspecified() {
		text += " at " + p.HostAddress.String()
	}
	if p.HostPort != p.ContainerPort {
		text += fmt.Sprintf(" → %d", p.ContainerPort)
	}
	return text
}

// each calls f for every publication of a running container.
func (d *drawer) each(f func(c *host.Container, p host.Publication) bool) []string {
	takers := []string{}
	for i := range d.host.Containers {
		c := &d.host.Containers[i]
		for _, p := range c.Publications {
			if c.Running && f(c, p) {
				takers = append(takers, fmt.Sprintf("%s %s (%s)", clean(c.Name), publication(p), familyOf(p.HostAddress)))
			}
		}
	}
	return takers
}

func familyOf(a netip.Addr) string {
	if a.Is4() {
		return "IPv4"
	}
	return "IPv6"
}

func (d *drawer) translatedPorts() []string { return d.each(d.isTranslated) }

// isTranslated tells whether a NAT rule takes a publication to its container.
func (d *drawer) isTranslated(c *host.Container, p host.Publication) bool {
	return slices.ContainsFunc(c.Endpoints, func(e host.Endpoint) bool {
		a := e.IPv4
		if !p.HostAddress.Is4() {
			a = e.IPv6
		}
		return d.translated(a, p.ContainerPort)
	})
}

// proxiedPorts are docker-proxy's; where a NAT rule takes the packets first, it only waits for those that the rule
// leaves.
func (d *drawer) proxiedPorts() []string {
	list := d.each(func(c *host.Container, p host.Publication) bool { return p.Proxied && !d.isTranslated(c, p) })
	waiting := d.each(func(c *host.Container, p host.Publication) bool { return p.Proxied && d.isTranslated(c, p) })
	if len(waiting) > 0 {
		list = append(list, fmt.Sprintf("%d behind DNAT, for what no NAT rule takes", len(waiting)))
	}
	return list
}

// translated tells whether a NAT rule leads to an address and port.
func (d *drawer) translated(a netip.Addr, port uint16) bool {
	if !a.IsValid() || d.machine.Rules == nil {
		return false
	}
	for _, t := range d.machine.Rules.Tables {
		for _, c := range t.Chains {
			if slices.ContainsFunc(c.Rules, func(r *netfilter.Rule) bool { return leadsTo(r, a, port) }) {
				return true
			}
		}
	}
	return false
}

func leadsTo(r *netfilter.Rule, a netip.Addr, port uint16) bool {
	return slices.ContainsFunc(r.Steps, func(step netfilter.Step) bool {
		nat, ok := step.(netfilter.NAT)
		if !ok || nat.Kind != netfilter.DNAT {
			return false
		}
		if nat.Map != nil {
			return slices.ContainsFunc(nat.Map.Elements, func(e netfilter.Element) bool {
				return e.Target != nil && e.Target.First == a && e.Target.FirstPort == port
			})
		}
		return nat.First == a && nat.FirstPort == port
	})
}

func (d *drawer) bridges() []string {
	list := []string{}
	for _, n := range d.host.Networks {
		if n.Bridge != "" && len(n.Subnets) > 0 {
			var subnets []string
			for _, s := range n.Subnets {
				subnets = append(subnets, s.String())
			}
			list = append(list, fmt.Sprintf("%s (%s)", clean(n.Bridge), strings.Join(subnets, ", ")))
		}
	}
	return list
}

func (d *drawer) services() []string {
	list := []string{}
	for _, s := range d.host.Services {
		list = append(list, fmt.Sprintf("%s %d/%s", clean(s.Name), s.HostPort, s.Protocol))
	}
	return list
}

func (d *drawer) onHost() []string {
	list := []string{}
	for _, c := range d.host.Containers {
		if c.Running && c.HostNetwork {
			list = append(list, clean(c.Name))
		}
	}
	return list
}

func (d *drawer) past() []string {
	list := []string{}
	for _, n := range d.host.Networks {
		if n.Driver == "macvlan" || n.Driver == "ipvlan" {
			list = append(list, fmt.Sprintf("%s (%s)", clean(n.Name), n.Driver))
		}
	}
	return list
}

func (d *drawer) leavers() []string {
	list := []string{}
	for _, n := range d.host.Networks {
		if n.Bridge != "" && !n.Internal {
			list = append(list, clean(n.Bridge))
		}
	}
	return list
}
