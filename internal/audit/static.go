package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/verify"
)

// otherVariant finds rules in a DOCKER-USER that Docker does not jump to, because it uses the other iptables.
func (a *auditor) otherVariant() {
	origin, known := dockersOrigin(a.machine)
	if !known {
		return
	}
	for _, f := range bothFamilies {
		for _, c := range chains(a.machine, f, "filter", dockerUser) {
			if c.Table.Origin == origin || c.Table.Origin == netfilter.Native {
				continue
			}
			n := 0
			for _, r := range c.Rules {
				if decides(r) {
					n++
				}
			}
			if n > 0 {
				a.report.add(Finding{Kind: OtherVariant, Subject: fmt.Sprintf("DOCKER-USER of %s (%s)", c.Table.Origin, familyName(f)),
					Message: fmt.Sprintf("%s in it without effect: Docker uses %s", counted(n, "rule"), origin)})
			}
		}
	}
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// unpublishedPorts finds rules in DOCKER-USER for ports that no container has (or publishes, where a rule asks for the
// dialled one).
func (a *auditor) unpublishedPorts() {
	if len(a.ports) == 0 {
		return // nothing is published at all, or it is not known
	}
	for _, f := range bothFamilies {
		c := userChain(a.machine, f)
		if c == nil {
			continue
		}
		for _, chain := range reachable(c) {
			for _, r := range chain.Rules {
				a.unpublished(f, r)
			}
		}
	}
}

func (a *auditor) unpublished(f netfilter.Family, r *netfilter.Rule) {
	if !decides(r) && !returns(r) || outgoing(r, a.bridges) || verify.IsDockwalls(r.Chain) {
		return
	}
	for _, s := range r.Steps {
		test, is := s.(netfilter.Test)
		if !is || test.Negate || test.Field != netfilter.DestinationPort && test.Field != netfilter.OriginalDestinationPort {
			continue
		}
		if message := a.missingPort(test.Values, test.Field == netfilter.OriginalDestinationPort); message != "" {
			a.report.add(Finding{Kind: UnpublishedPort, Subject: r.String(), Message: message, Line: r.Line, rule: r, family: f,
				Evidence: Evidence{Trace: []string{r.Text}}})
		}
	}
}

// returns tells whether a rule ends with RETURN.
func returns(r *netfilter.Rule) bool {
	return slices.ContainsFunc(r.Steps, func(s netfilter.Step) bool {
		v, is := s.(netfilter.Verdict)
		return is && v.Kind == netfilter.Return
	})
}

// outgoing tells whether a rule is about what comes from containers: it names their bridge as where packets arrive.
func outgoing(r *netfilter.Rule, bridges []string) bool {
	return slices.ContainsFunc(r.Steps, func(s netfilter.Step) bool {
		test, is := s.(netfilter.InterfaceTest)
		return is && test.Field == netfilter.InInterface && !test.Negate &&
			slices.ContainsFunc(test.Names, func(n netfilter.InterfaceName) bool { return slices.ContainsFunc(bridges, n.Fits) })
	})
}

// missingPort is what is wrong with the ports of a rule: none of them is any container's own (or, with dialled, is
// published). "" where one is.
func (a *auditor) missingPort(values netfilter.Ranges, dialled bool) string {
	var own, published []portPair
	for _, p := range a.ports {
		if values.Contains(netfilter.Small(uint64(p.container))) {
			own = append(own, p)
		}
		if values.Contains(netfilter.Small(uint64(p.host))) {
			published = append(published, p)
		}
	}
	text := rangeText(values)
	switch {
	case dialled && len(published) > 0 || !dialled && len(own) > 0:
		return ""
	case dialled && len(own) > 0:
		return fmt.Sprintf("nobody publishes port %s; it is the own port of %s, which is published as %d", text, own[0].name, own[0].host)
	case !dialled && len(published) > 0:
		return fmt.Sprintf("port %s is the published one of %s: DOCKER-USER sees the container's own, %d", text,
			published[0].name, published[0].container)
	}
	return fmt.Sprintf("no container has port %s", text)
}

func rangeText(values netfilter.Ranges) string {
	var parts []string
	for _, r := range values {
		if r.First == r.Last {
			parts = append(parts, fmt.Sprint(r.First.Low))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", r.First.Low, r.Last.Low))
		}
	}
	return strings.Join(parts, ",")
}

// portPair is a published port.
type portPair struct {
	host, container uint16
	name            string
}

func portsOf(h *host.Host) []portPair {
	var all []portPair
	for _, c := range h.Containers {
		if !c.Running {
			continue
		}
		for _, p := range c.Publications {
			all = append(all, portPair{p.HostPort, p.ContainerPort, c.Name})
		}
	}
	for _, s := range h.Services {
		all = append(all, portPair{s.HostPort, s.HostPort, s.Name}) // the mesh forwards to the port that was dialled
		all = append(all, portPair{s.HostPort, s.ContainerPort, s.Name})
	}
	return all
}

// pastTheHost finds containers that no rule of the host decides about: on macvlan and ipvlan, and on the host's network.
func (a *auditor) pastTheHost() {
	for _, c := range a.host.Containers {
		if !c.Running {
			continue
		}
		if c.HostNetwork {
			a.report.add(Finding{Kind: HostNetwork, Subject: c.Name, Message: "its ports are the host's own"})
		}
		for _, e := range c.Endpoints {
			n := networkNamed(a.host, e.Network)
			if n != nil && (n.Driver == string(MACVLAN) || n.Driver == string(IPVLAN)) {
				a.report.add(Finding{Kind: PastTheHost, Subject: c.Name,
					Message: fmt.Sprintf("no rule of the host sees its packets on the %s network %s", n.Driver, n.Name)})
				a.report.Exposed = append(a.report.Exposed, Exposure{Name: c.Name, Container: c.ID, Direct: true, Ports: allPorts, Beside: Way(n.Driver), Access: []Access{},
					Note: fmt.Sprintf("whoever reaches the link of %s network %s", n.Driver, n.Name)})
			}
		}
	}
}

func networkNamed(h *host.Host, name string) *host.Network {
	i := slices.IndexFunc(h.Networks, func(n host.Network) bool { return n.Name == name })
	if i < 0 {
		return nil
	}
	return &h.Networks[i]
}

// ip6tablesOff finds containers with IPv6 addresses on a host where Docker keeps no rules for IPv6.
func (a *auditor) ip6tablesOff() {
	origin, known := dockersOrigin(a.machine)
	if !known || a.host.Engine == nil || len(chains(a.machine, netfilter.IPv6, "filter", "DOCKER")) > 0 ||
		len(chains(a.machine, netfilter.IPv6, "filter", "DOCKER-FORWARD")) > 0 {
		return
	}
	for _, c := range a.host.Containers {
		for _, e := range c.Endpoints {
			n := networkNamed(a.host, e.Network)
			if c.Running && e.IPv6.IsValid() && n != nil && n.Bridge != "" {
				a.report.add(Finding{Kind: IP6TablesOff, Subject: c.Name,
					Message: fmt.Sprintf("it has %s, and there are no chains of Docker's for IPv6 (%s has those for IPv4)", e.IPv6, origin)})
			}
		}
	}
}

// unknownRules tells of all that was not understood.
func (a *auditor) unknownRules() {
	const most = 5
	var texts []string
	for _, t := range a.machine.Rules.Tables {
		for _, c := range t.Chains {
			for _, r := range c.Rules {
				if why := notUnderstood(r); why != "" {
					texts = append(texts, fmt.Sprintf("%s: %s (%s)", r, r.Text, why))
				}
			}
		}
	}
	texts = append(texts, a.machine.Rules.Unread...)
	if len(texts) == 0 {
		return
	}
	n := len(texts)
	if n > most {
		texts = append(texts[:most], fmt.Sprintf("and %d more", n-most))
	}
	a.report.add(Finding{Kind: UnknownRules, Subject: counted(n, "rule"), Evidence: Evidence{Trace: texts},
		Message: "what they do is not known for certain", Possible: true})
}

// notUnderstood is why a rule is not understood; "" where it is. What only hangs on the moment, such as a rate, is
// understood.
func notUnderstood(r *netfilter.Rule) string {
	for _, s := range r.Steps {
		switch s := s.(type) {
		case netfilter.Undecided:
			if !s.Understood {
				return s.Reason
			}
		case netfilter.Unclear:
			return s.Reason
		}
	}
	return ""
}
