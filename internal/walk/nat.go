package walk

import (
	"fmt"
	"net/netip"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// manip is which end of a packet a hook translates (HOOK2MANIP).
type manip uint8

const (
	ofDestination manip = iota
	ofSource
)

func (m manip) status() uint32 {
	if m == ofSource {
		return netfilter.StatusSourceNAT
	}
	return netfilter.StatusDestinationNAT
}

func manipOf(h netfilter.Hook) manip {
	if h == netfilter.Postrouting || h == netfilter.Input {
		return ofSource
	}
	return ofDestination
}

// translate is nf_nat_inet_fn with what its callers do after it: the nat chains are asked for a conversation's first packet,
// until one of them settles what becomes of it; then the packet is changed as the conversation's tuples say.
func (r *run) translate(chains []*chain) bool {
	if r.track != tracked {
		return true
	}
	m := manipOf(r.hook)
	if !r.bound[m] {
		for _, c := range chains {
			if !r.base(c) {
				return false
			}
			if r.bound[m] {
				break
			}
		}
		r.bound[m] = true // the null binding: it stays as it is
	}
	return r.rewrite(m)
}

// rewrite is nf_nat_packet, and what follows from a changed destination: a new route in output, none in prerouting.
func (r *run) rewrite(m manip) bool {
	status := m.status()
	if r.reply {
		status ^= netfilter.StatusSourceNAT | netfilter.StatusDestinationNAT
	}
	if r.conn.Status&status == 0 {
		return true
	}
	before := r.packet
	target, ok := r.other().inverse()
	if !ok {
		return true
	}
	if m == ofSource {
		r.packet.Source = target.Source
	} else {
		r.packet.Destination = target.Destination
	}
	r.rewritePort(m, target)
	if r.recorder != nil && r.packet != before {
		r.step(Translated, nil, nil, translation(m, &before, &r.packet))
	}
	return r.after(before.Destination)
}

// other is the tuple of the direction that the packet does not go in.
func (r *run) other() *Tuple {
	if r.reply {
		return &r.conn.Original
	}
	return &r.conn.Reply
}

func (r *run) rewritePort(m manip, target Tuple) {
	switch {
	case target.isICMP():
		r.packet.ICMPID = target.SourcePort
	case !r.packet.HasPorts():
	case m == ofSource:
		r.packet.SourcePort = target.SourcePort
	default:
		r.packet.DestinationPort = target.DestinationPort
	}
}

func (r *run) after(destination netip.Addr) bool {
	if r.packet.Destination == destination {
		return true
	}
	if r.hook == netfilter.Output {
		return r.reroute() // nf_nat_ipv4_local_fn
	}
	r.moved = true // nf_nat_ipv4_pre_routing
	return true
}

func translation(m manip, before, after *netfilter.Packet) string {
	from, to := before.Destination, after.Destination
	port, toPort := before.DestinationPort, after.DestinationPort
	if m == ofSource {
		from, to, port, toPort = before.Source, after.Source, before.SourcePort, after.SourcePort
	}
	if !after.HasPorts() {
		return fmt.Sprintf("%s → %s", from, to)
	}
	return fmt.Sprintf("%s → %s", netip.AddrPortFrom(from, port), netip.AddrPortFrom(to, toPort))
}

// nat is a NAT action; done is false where its map has nothing for the packet, and the rule does not match.
func (r *run) nat(ru *rule, a *netfilter.NAT) (ruling, *chain, bool) {
	target := *a
	if a.Map != nil {
		found, known := r.element(a.Fields, a.Map)
		switch {
		case known == maybe:
			r.finish(Unknown, ru.source.Chain, ru.source, fmt.Sprintf("it is not known what the map %q has for this packet", a.Map.Name))
			return ended, nil, true
		case known == no || found.Target == nil:
			r.passed(ru, 0)
			return goesOn, nil, true
		}
		target = *found.Target
		target.Kind = a.Kind
	}
	if r.track != tracked {
		r.matched(ru, "")
		return accepted, nil, true
	}
	return r.bind(ru, &target)
}

// bind is nf_nat_setup_info for what a rule asks.
func (r *run) bind(ru *rule, a *netfilter.NAT) (ruling, *chain, bool) {
	m := manipOf(r.hook)
	r.matched(ru, "")
	if r.bound[m] || r.conn.Status&netfilter.StatusConfirmed != 0 {
		return accepted, nil, true
	}
	current, ok := r.conn.Reply.inverse()
	if !ok {
		return accepted, nil, true
	}
	wanted, ok := r.mapping(ru, a, m, current)
	if !ok {
		return ended, nil, true
	}
	if wanted != current {
		r.conn.Reply, _ = wanted.inverse()
		r.conn.Status |= m.status()
	}
	r.bound[m] = true
	return accepted, nil, true
}
