package policy

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
)

// Conversation is the first packet of one, as it arrives at the host.
type Conversation struct {
	In, Out     string     // interfaces: it arrives on, it would leave by ("" into the host's containers)
	Source      netip.Addr // who asks
	Destination netip.Addr // the dialled address
	Protocol    host.Protocol
	Port        uint16 // the dialled port; 0 for icmp, which is an echo request
}

// Decision is what a policy says about a conversation.
type Decision struct {
	Governed bool         // false: the policy has no say, and dockwall leaves it exactly as it was
	Allowed  bool         // of a governed one
	Rule     *Rule        // the rule that decided; nil: the section's default, or no rule could
	Reason   string       // for people
	Target   *host.Target // ingress: what it would reach
}

// Decide is the meaning of a policy on a host. It is slow and plain on purpose: everything faster is tested against it.
func Decide(p *Policy, h *host.Host, c Conversation) Decision {
	switch {
	case !h.Inside(c.In):
		return decideIngress(p, h, c)
	case slices.Contains(h.Bridges(), c.In) && c.Out != "" && !h.Inside(c.Out):
		return decideEgress(p, h, c)
	}
	return Decision{Reason: "it does not cross from outside to a container or back"}
}

// decideIngress: where one port has several targets, all of them must be allowed.
func decideIngress(p *Policy, h *host.Host, c Conversation) Decision {
	targets := h.Targets(c.Destination, c.Protocol, c.Port)
	if len(targets) == 0 {
		return Decision{Reason: "it reaches no container: nobody publishes the port, and the address is no container's"}
	}
	if c.Destination.IsLoopback() {
		return Decision{Governed: true, Reason: "published on loopback only", Target: &targets[0]}
	}
	var last Decision
	for i := range targets {
		matches := func(r *Rule) bool { return p.ingressMatches(r, h, c, targets[i]) }
		last = verdict(p.Ingress, p.Defaults.Ingress, Ingress, matches)
		last.Target = &targets[i]
		if !last.Allowed {
			break
		}
	}
	return last
}

func decideEgress(p *Policy, h *host.Host, c Conversation) Decision {
	from := ownerOf(h, c.Source)
	return verdict(p.Egress, p.Defaults.Egress, Egress, func(r *Rule) bool { return p.egressMatches(r, h, c, from) })
}

// verdict is the rule of precedence: any deny, else any allow, else the default.
func verdict(rules []Rule, standard Action, section Section, matches func(*Rule) bool) Decision {
	for _, action := range []Action{Deny, Allow} {
		for i := range rules {
			if r := &rules[i]; r.Action == action && matches(r) {
				return Decision{Governed: true, Allowed: action == Allow, Rule: r,
					Reason: fmt.Sprintf("%s: %s", r.Position, r)}
			}
		}
	}
	return Decision{Governed: true, Allowed: standard == Allow,
		Reason: fmt.Sprintf("no rule matches, and the default of %s is %s", section, standard)}
}

func (p *Policy) ingressMatches(r *Rule, h *host.Host, c Conversation, t host.Target) bool {
	if r.Label != "" && (t.Container == nil || t.Container.ID != r.Label || !p.contains(r.Within, c.Source)) {
		return false
	}
	return p.admits(r.From, c.Source) &&
		(r.Interface == "" || r.Interface == c.In) &&
		(!r.At.IsValid() || r.At == c.Destination) &&
		r.HasPort(c.Protocol, c.Port) &&
		(len(r.To.Items) == 0 || namesTarget(r.To.Items, h, t)) && !namesTarget(r.To.Except, h, t)
}

func (p *Policy) egressMatches(r *Rule, h *host.Host, c Conversation, from *host.Container) bool {
	source := host.Target{Container: from}
	return p.admits(r.To, c.Destination) &&
		(r.Interface == "" || r.Interface == c.Out) &&
		r.HasPort(c.Protocol, c.Port) &&
		(len(r.From.Items) == 0 || namesTarget(r.From.Items, h, source)) && !namesTarget(r.From.Except, h, source)
}

// HasPort tells whether the rule speaks of a dialled port: 0 for icmp.
func (r *Rule) HasPort(protocol host.Protocol, port uint16) bool {
	return len(r.Ports) == 0 || slices.ContainsFunc(r.Ports, func(s PortSet) bool {
		return s.Protocol == protocol && (len(s.Ranges) == 0 || slices.ContainsFunc(s.Ranges, func(r PortRange) bool {
			return r.First <= port && port <= r.Last
		}))
	})
}

// ownerOf is the running container that has an address; nil where none has.
func ownerOf(h *host.Host, a netip.Addr) *host.Container {
	for i := range h.Containers {
		c := &h.Containers[i]
		if c.Running && slices.ContainsFunc(c.Endpoints, func(e host.Endpoint) bool { return e.IPv4 == a || e.IPv6 == a }) {
			return c
		}
	}
	return nil
}
