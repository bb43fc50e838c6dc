package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
)

// Check is what is doubtful about a policy on a host, as warnings: containers, interfaces, addresses and ports that it
// names and the host does not have. Nothing of it is an error: they may come later. Where no engine was asked,
// containers and ports are not looked at.
func (p *Policy) Check(h *host.Host) Problems {
	c := check{host: h}
	for i := range p.Ingress {
		c.rule(&p.Ingress[i], p.Ingress[i].To)
	}
	for i := range p.Egress {
		c.rule(&p.Egress[i], p.Egress[i].From)
	}
	for _, t := range p.Tests {
		if t.From.Container != nil {
			c.selector(t.From)
		}
	}
	return c.problems
}

type check struct {
	host     *host.Host
	problems Problems
}

func (c *check) rule(r *Rule, containers Peers) {
	for _, peer := range slices.Concat(containers.Items, containers.Except) {
		c.selector(peer)
	}
	c.onInterface(r)
	c.atAddress(r)
	if c.host.Engine != nil && r.Section == Ingress && r.Action == Allow && r.Label == "" {
		c.ports(r)
	}
}

func (c *check) selector(p Peer) {
	if c.host.Engine == nil {
		return
	}
	named, governed := false, false
	for i := range c.host.Containers {
		if container := &c.host.Containers[i]; p.Container.names(container) {
			named = true
			governed = governed || c.host.Owner(container) != nil
		}
	}
	selector := *p.Container
	selector.Port = 0
	text := selector.String()
	switch {
	case !named:
		c.warn(p.Position, faultf(didYouMean(text, c.names()), "there is no container %s now", quote(text)))
	case !governed:
		c.warn(p.Position, faultf("protect it with the host's own firewall",
			"%s uses the host's network, which the policy leaves alone", quote(text)))
	}
}

// names are all ways to name the host's containers, without those by label.
func (c *check) names() []string {
	var names []string
	for _, container := range c.host.Containers {
		names = append(names, container.Name)
		if container.Project != "" {
			names = append(names, container.Project+"/"+container.Service)
		}
	}
	for _, n := range c.host.Networks {
		names = append(names, networkPrefix+n.Name)
	}
	return names
}

func (c *check) onInterface(r *Rule) {
	if r.Interface == "" {
		return
	}
	var outside []string
	for _, i := range c.host.Interfaces {
		if !c.host.Inside(i.Name) {
			outside = append(outside, i.Name)
		}
	}
	switch {
	case c.host.Inside(r.Interface):
		c.warn(r.Position, faultf("the policy is about what crosses from outside or to it",
			"`on %s` never matches: the interface is loopback or Docker's", r.Interface))
	case !slices.Contains(outside, r.Interface):
		c.warn(r.Position, faultf(didYouMean(r.Interface, outside), "the host has no interface %s now", quote(r.Interface)))
	}
}

func (c *check) atAddress(r *Rule) {
	switch {
	case !r.At.IsValid():
	case r.At.IsLoopback():
		c.warn(r.Position, faultf("", "`at %s` never matches: what is published on loopback is the host's own", r.At))
	case !ownAddress(c.host, r.At) && len(c.host.Targets(r.At, host.ICMP, 0)) == 0:
		c.warn(r.Position, faultf("", "%s is not an address of the host now", r.At))
	}
}

// ports finds ports that are opened and that nobody publishes: often a number typed wrong.
func (c *check) ports(r *Rule) {
	for _, set := range r.Ports {
		for _, ports := range set.Ranges {
			if c.published(set.Protocol, ports) {
				continue
			}
			c.warn(r.Position, faultf(c.hint(set.Protocol), "nobody publishes %s/%s to outside now", ports, set.Protocol))
		}
	}
}

func (c *check) published(p host.Protocol, ports PortRange) bool {
	return slices.ContainsFunc(c.publishedPorts(p), func(port uint16) bool {
		return ports.First <= port && port <= ports.Last
	})
}

func (c *check) publishedPorts(p host.Protocol) []uint16 {
	var ports []uint16
	for _, container := range c.host.Containers {
		for _, publication := range container.Publications {
			if container.Running && publication.Protocol == p && !publication.HostAddress.IsLoopback() {
				ports = append(ports, publication.HostPort)
			}
		}
	}
	for _, service := range c.host.Services {
		if service.Protocol == p {
			ports = append(ports, service.HostPort)
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

func (c *check) hint(p host.Protocol) string {
	ports := c.publishedPorts(p)
	if len(ports) == 0 || len(ports) > 12 {
		return ""
	}
	texts := make([]string, len(ports))
	for i, port := range ports {
		texts[i] = fmt.Sprint(port)
	}
	return "published are " + strings.Join(texts, ",") + "/" + p.String()
}

func (c *check) warn(at Position, f *fault) {
	c.problems = append(c.problems, Problem{Position: at, Warning: true, Message: f.message, Hint: f.hint})
}
