package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
)

// TestResult is how one of the policy's tests went on a host.
type TestResult struct {
	Test     Test
	Passed   bool
	Expected string // "allowed" or "refused"
	Got      string // as Expected, or "mixed" (some ways are allowed, some are not), or "not judged"
	Why      string // for people
	// Attempts are the ways to make the conversation that the test is about, each with what the policy says of it.
	Attempts []Attempt
	// Trace is what the rules do with an attempt where that is not what is expected, for people; "": they were not
	// followed, or do as they should.
	Trace string
}

// Attempt is one way to make the conversation that a test is about. Where no conversation
// can be made the Decision says why, and the Conversation is zero.
type Attempt struct {
	At           string // "at 203.0.113.10", "from 172.17.0.2"
	Conversation Conversation
	Decision     Decision
}

// RunTests runs the policy's tests, in their order. A port is reached where every one of its publications is, at every
// outside address of the host of the client's family; a container is, or reaches, where each of its addresses does.
func (p *Policy) RunTests(h *host.Host) []TestResult {
	results := make([]TestResult, len(p.Tests))
	for i, t := range p.Tests {
		var attempts []Attempt
		var why string
		if t.From.Container != nil {
			attempts, why = p.egressAttempts(h, t)
		} else {
			attempts, why = p.ingressAttempts(h, t)
		}
		results[i] = judge(t, attempts, why)
	}
	return results
}

// judge compares what a test expects with how its attempts went. Without attempts nothing is reached, and why says so.
func judge(t Test, attempts []Attempt, why string) TestResult {
	r := TestResult{Test: t, Expected: "refused", Got: "refused", Why: why, Attempts: attempts}
	if t.Can {
		r.Expected = "allowed"
	}
	var reasons []string
	results := map[string]bool{}
	for _, a := range attempts {
		result := a.Decision.result()
		results[result] = true
		reasons = append(reasons, fmt.Sprintf("%s %s: %s", result, a.At, a.Decision.Reason))
	}
	switch {
	case len(results) == 1:
		r.Got = attempts[0].Decision.result()
		r.Why = reasons[0]
	case len(results) > 1:
		r.Got = "mixed"
		r.Why = strings.Join(reasons, "; ")
	}
	r.Passed = r.Got == r.Expected
	return r
}

func (d Decision) result() string {
	switch {
	case !d.Governed:
		return "not judged"
	case d.Allowed:
		return "allowed"
	}
	return "refused"
}

// ingressAttempts are the host's addresses where the port is published, or the one address that the test names.
func (p *Policy) ingressAttempts(h *host.Host, t Test) ([]Attempt, string) {
	source := t.From.Range.From()
	in, why := towards(h, source)
	if why != "" {
		return []Attempt{{At: "from " + source.String(), Decision: Decision{Reason: why}}}, ""
	}
	places := publishedAt(h, t, source)
	if t.To != nil {
		places = []netip.Addr{*t.To}
	}
	var attempts []Attempt
	for _, place := range places {
		c := Conversation{In: in, Source: source, Destination: place, Protocol: t.Protocol, Port: t.Port}
		attempts = append(attempts, Attempt{At: "at " + place.String(), Conversation: c, Decision: Decide(p, h, c)})
	}
	return attempts, fmt.Sprintf("nobody publishes %d/%s where %s could dial it", t.Port, t.Protocol, source)
}

// publishedAt are the host's addresses that answer on a test's port and that its source could dial: not loopback, of
// its family, and link-local exactly where the source is.
func publishedAt(h *host.Host, t Test, source netip.Addr) []netip.Addr {
	var places []netip.Addr
	for _, i := range h.Interfaces {
		for _, prefix := range i.Addresses {
			if !h.Inside(i.Name) {
				places = append(places, prefix.Addr())
			}
		}
	}
	for _, c := range h.Containers {
		for _, publication := range c.Publications {
			places = append(places, publication.HostAddress)
		}
	}
	places = slices.DeleteFunc(places, func(a netip.Addr) bool {
		return a.IsUnspecified() || a.IsLoopback() || a.BitLen() != source.BitLen() ||
			a.IsLinkLocalUnicast() != source.IsLinkLocalUnicast() || len(h.Targets(a, t.Protocol, t.Port)) == 0
	})
	slices.SortFunc(places, netip.Addr.Compare)
	return slices.Compact(places)
}

// egressAttempts are the addresses of the containers that the test names, of the target's family.
func (p *Policy) egressAttempts(h *host.Host, t Test) ([]Attempt, string) {
	none := fmt.Sprintf("no running container is %s", quote(t.From.String()))
	var attempts []Attempt
	for i := range h.Containers {
		c := &h.Containers[i]
		if !c.Running || !t.From.Container.names(c) {
			continue
		}
		none = fmt.Sprintf("%s has no address on a Docker bridge of the family of %s", t.From, t.To)
		attempts = append(attempts, p.attemptsOf(h, c, t)...)
	}
	return attempts, none
}

// attemptsOf is one container's attempts, from the addresses of the network stack that it uses.
func (p *Policy) attemptsOf(h *host.Host, c *host.Container, t Test) []Attempt {
	out, why := towards(h, *t.To)
	owner := h.Owner(c)
	if owner == nil {
		why = "it uses the host's network"
	}
	if why != "" {
		return []Attempt{{At: "from " + c.Name, Decision: Decision{Reason: why}}}
	}
	var attempts []Attempt
	for _, e := range owner.Endpoints {
		source := e.IPv4
		if t.To.Is6() {
			source = e.IPv6
		}
		bridge := bridgeOf(h, e.Network)
		if !source.IsValid() || bridge == "" {
			continue
		}
		c := Conversation{In: bridge, Out: out, Source: source, Destination: *t.To, Protocol: t.Protocol, Port: t.Port}
		attempts = append(attempts, Attempt{At: "from " + source.String(), Conversation: c, Decision: Decide(p, h, c)})
	}
	return attempts
}

func bridgeOf(h *host.Host, network string) string {
	for _, n := range h.Networks {
		if n.Name == network {
			return n.Bridge
		}
	}
	return ""
}

// towards is the outside interface by which the host routes to an address; or why there is none: the address is the
// host's own, or behind a Docker bridge. Where no route leads there, it is the first outside interface that is up.
func towards(h *host.Host, a netip.Addr) (iface, why string) {
	if ownAddress(h, a) {
		return "", fmt.Sprintf("%s is the host's own address, which the policy leaves alone", a)
	}
	best := -1
	for _, r := range h.Routes {
		bits := r.Destination.Bits()
		if r.Destination.Contains(a) && (bits > best || bits == best && h.Inside(iface)) { // fe80::/64 is everywhere
			best, iface = bits, r.Interface
		}
	}
	if best >= 0 && h.Inside(iface) {
		return "", fmt.Sprintf("%s is behind %s, and the policy leaves traffic between containers alone", a, iface)
	}
	if best >= 0 {
		return iface, ""
	}
	return firstOutside(h)
}

func firstOutside(h *host.Host) (iface, why string) {
	for _, i := range h.Interfaces {
		if i.Up && i.Master == "" && !h.Inside(i.Name) {
			return i.Name, ""
		}
	}
	return "", "the host has no interface to outside"
}

func ownAddress(h *host.Host, a netip.Addr) bool {
	return slices.ContainsFunc(h.Interfaces, func(i host.Interface) bool {
		return slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Addr() == a })
	})
}
