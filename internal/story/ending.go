package story

import (
	"fmt"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/walk"
)

// ending is how a way ends, and what whoever sent the packet sees of it.
func (s Scene) ending(q walk.Question, way *walk.Way) (Verdict, string) {
	e := way.End
	switch e.Kind {
	case walk.Delivered:
		return s.delivered(q, e)
	case walk.Forwarded:
		return s.forwarded(q, e)
	case walk.Dropped:
		return Dropped, "dropped: " + because(e.With) + s.silence(q)
	case walk.Rejected:
		return Refused, "refused: " + s.told(q, e)
	case walk.NoRoute:
		return Unreachable, "unreachable: " + s.lost(q, e)
	}
	return Possibly, "it cannot be said: " + orElse(clean(e.With), "not all rules were understood")
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return clean(why) + "; "
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// lost is why there is no way, and what is told of it: where no route leads on, the kernel answers with an ICMP message
// (ip_error, ip6_pkt_discard); packets that it does not take it drops.
func (s Scene) lost(q walk.Question, e walk.End) string {
	why := orElse(clean(e.With), "no route leads there")
	if strings.HasPrefix(why, "there is no route") {
		return fmt.Sprintf("%s: %s gets %q", why, s.sender(q), networkUnreachable)
	}
	return why + "; " + s.silence(q)
}

// sender is who sees what becomes of a packet.
func (s Scene) sender(q walk.Question) string {
	if q.Moment == walk.Answer {
		return "the one who answers"
	}
	return "the client"
}

func (s Scene) silence(q walk.Question) string {
	switch {
	case q.Moment != walk.First:
		return "the conversation stands still"
	case q.Protocol == uint8(host.TCP):
		return `the client gets no answer ("connection timed out")`
	}
	return "the client gets no answer"
}

// errors that programs see when an ICMP message answers: net/ipv4/icmp.c (icmp_err_convert) and net/ipv6/icmp.c
// (tab_unreach).
const (
	connectionRefused  = "connection refused"
	noRouteToHost      = "no route to host"
	networkUnreachable = "network is unreachable"
	permissionDenied   = "permission denied"
	noProtocol         = "protocol not available"
)

var seen = map[string]string{
	"tcp-reset":              connectionRefused,
	"icmp-port-unreachable":  connectionRefused,
	"icmp-net-unreachable":   networkUnreachable,
	"icmp-net-prohibited":    networkUnreachable,
	"icmp-host-unreachable":  noRouteToHost,
	"icmp-host-prohibited":   noRouteToHost,
	"icmp-admin-prohibited":  noRouteToHost,
	"icmp-proto-unreachable": noProtocol,
	"icmp6-port-unreachable": connectionRefused,
	"icmp6-no-route":         networkUnreachable,
	"icmp6-addr-unreachable": noRouteToHost,
	"icmp6-adm-prohibited":   permissionDenied,
	"icmp6-policy-fail":      permissionDenied,
	"icmp6-reject-route":     permissionDenied,
}

// told is what a client is told of a rejection.
func (s Scene) told(q walk.Question, e walk.End) string {
	with := netfilter.RejectedWith(strings.Replace(e.With, "icmpv6-", "icmp6-", 1), e.Packet.Family())
	text, known := seen[with]
	switch {
	case !known:
		return fmt.Sprintf("%s is answered with %s", s.sender(q), orElse(clean(e.With), "an error"))
	case e.Packet.Protocol == uint8(host.ICMP) || e.Packet.Protocol == 58:
		return fmt.Sprintf("%s's ping is told %q", s.sender(q), strings.TrimPrefix(strings.TrimPrefix(with, "icmp6-"), "icmp-"))
	}
	return fmt.Sprintf("%s gets %q", s.sender(q), text)
}

// forwarded is the end of a packet that leaves the host, or reaches a container.
func (s Scene) forwarded(q walk.Question, e walk.End) (Verdict, string) {
	p := e.Packet
	at := endpoint(p.Destination, p.DestinationPort, &p)
	switch {
	case s.containerAt(p.Destination) != "":
		return Reaches, fmt.Sprintf("reaches %s at %s", s.containerAt(p.Destination), at)
	case s.isBridge(e.Out) && s.Host.Engine != nil && !s.mesh(e.Out):
		return Unreachable, fmt.Sprintf("unreachable: no container has the address %s on %s", p.Destination, clean(e.Out))
	}
	text := fmt.Sprintf("leaves by %s for %s", clean(e.Out), at)
	if s.isBridge(e.Out) {
		text = fmt.Sprintf("reaches %s on %s", at, clean(e.Out))
	}
	if sender := endpoint(p.Source, p.SourcePort, &p); q.Source.IsValid() && p.Source != q.Source && q.Moment != walk.Answer ||
		q.Moment == walk.Answer {
		text += ", as from " + sender
	}
	return Reaches, text
}

// mesh tells whether a bridge is the one by which swarm's routing mesh is reached.
func (s Scene) mesh(bridge string) bool { return bridge == "docker_gwbridge" }

// delivered is the end of a packet that is let in to this host: whether somebody listens decides what comes of it.
func (s Scene) delivered(q walk.Question, e walk.End) (Verdict, string) {
	p := e.Packet
	at := endpoint(p.Destination, p.DestinationPort, &p)
	switch {
	case q.Moment != walk.First || !p.HasPorts():
		return Reaches, "reaches this host at " + at
	case len(s.Machine.Listeners) == 0:
		return Possibly, fmt.Sprintf("reaches this host at %s; it is not known whether somebody listens there", at)
	case p.Protocol == 132:
		return Possibly, fmt.Sprintf("reaches this host at %s; sockets of sctp are not known", at)
	case s.listens(p):
		return Reaches, fmt.Sprintf("reaches this host at %s%s", at, s.onHost(p))
	}
	refusal := `the client gets "connection refused"`
	return Unreachable, fmt.Sprintf("nobody listens at %s%s: %s", at, s.elsewhere(p), refusal)
}

// listens tells whether a socket of this host takes the packet. A socket at :: may be one of both families.
func (s Scene) listens(p netfilter.Packet) bool {
	for _, l := range s.Machine.Listeners {
		a := l.Address.Addr()
		if uint8(l.Protocol) == p.Protocol && l.Address.Port() == p.DestinationPort &&
			(a == p.Destination || a.IsUnspecified() && (a.Is4() == p.Destination.Is4() || a.Is6())) {
			return true
		}
	}
	return false
}

// elsewhere is where somebody does listen on that port: " (127.0.0.1 only)".
func (s Scene) elsewhere(p netfilter.Packet) string {
	var places []string
	for _, l := range s.Machine.Listeners {
		if uint8(l.Protocol) == p.Protocol && l.Address.Port() == p.DestinationPort {
			places = append(places, l.Address.Addr().String())
		}
	}
	if len(places) == 0 {
		return ""
	}
	text := ", only at " + strings.Join(places, ", ")
	for _, c := range s.Host.Containers {
		for _, pub := range c.Publications {
			if c.Running && pub.HostPort == p.DestinationPort && uint8(pub.Protocol) == p.Protocol {
				return text + " (container " + clean(c.Name) + ")"
			}
		}
	}
	return text
}

// onHost names the containers on the host's network, one of which it may be.
func (s Scene) onHost(p netfilter.Packet) string {
	var names []string
	for _, c := range s.Host.Containers {
		if c.Running && c.HostNetwork {
			names = append(names, clean(c.Name))
		}
	}
	if len(names) == 0 {
		return ", where a program of the host listens"
	}
	return fmt.Sprintf(", where a program of the host or of %s (on the host's network) listens", strings.Join(names, ", "))
}
