package reach

import "github.com/dockwall/dockwall/internal/netfilter"

// incoming follows packets that arrive.
func (r *run) incoming(s state) {
	r.hook = netfilter.Prerouting
	v := sieve{run: r, state: s}
	r.bridge(v.take(v.to(r.places.neighbours(s.in))))
	r.hook = netfilter.Prerouting
	if r.family == netfilter.IPv6 && !r.places.isLoopback(s.in) {
		v.refuse(v.from(r.places.loopback()).Or(v.from(r.places.multicast)), "no packet from outside has such a source")
		v.refuse(v.to(r.places.loopback()).Or(v.to(r.places.prefix("", "ff01::/16"))), "the host's own addresses are for the host alone")
	}
	for _, came := range r.through(netfilter.Prerouting, v.left()) {
		r.turned(s, came)
	}
}

// turned takes packets on that came into a bridge for the host: those that NAT gave a destination behind the same bridge
// are bridged there, if bridges show their frames to the IP hooks (br_nf_pre_routing_finish).
func (r *run) turned(s, came state) {
	v := sieve{run: r, state: came}
	if r.bridged[s.in] {
		moved := r.equal(s.destination, came.destination).Not()
		back := sieve{run: r, state: v.take(v.to(r.places.neighbours(s.in)).And(moved))}
		if r.places.forwards(s.in) {
			back.validate()
		}
		r.across(back.left())
	}
	for _, rest := range v.left() {
		r.routed(rest)
	}
}

// across takes packets to another port of the bridge that they came by.
func (r *run) across(states []state) {
	var near pool
	for _, s := range states {
		if !r.follows(s.in) {
			continue
		}
		near.add(r.changed(s, func(h *header) { h.out = h.in }))
	}
	crossed := r.forEach(r.through(netfilter.Forward, near.states), func(s state, out *pool) {
		out.add(r.changed(s, func(h *header) { h.crossed = true })) // br_nf_post_routing hands no interface on
	})
	r.leaves(crossed)
}

// routed takes a packet from prerouting on.
func (r *run) routed(s state) {
	r.hook = netfilter.Prerouting
	v := sieve{run: r, state: s}
	v.route()
	r.input(v.local.states)
	r.forward(v.forward.states)
}

// bridge follows packets from one port of a bridge to another: past the rules, unless the bridge hands them to the IP
// hooks (br_netfilter). Then a destination that NAT moved off the bridge makes them routed ones (br_nf_pre_routing_finish).
func (r *run) bridge(s state) {
	if s.packets.IsEmpty() {
		return
	}
	if !r.bridged[s.in] {
		r.end(r.changed(s, func(h *header) { h.out = h.in }), Flow{Kind: Forwarded, With: "bridged, past the rules"})
		return
	}
	for _, came := range r.through(netfilter.Prerouting, []state{s}) {
		v := sieve{run: r, state: came}
		stayed := v.take(r.equal(s.destination, came.destination))
		r.across((&sieve{run: r, state: stayed}).left())
		for _, moved := range v.left() {
			r.turned(s, moved)
		}
	}
}

func (r *run) input(states []state) {
	if !r.follows("") {
		return
	}
	for _, s := range r.through(netfilter.Input, states) {
		r.end(s, Flow{Kind: Delivered})
	}
}

// forward takes one from each packet's time to live before its hook (ip_forward, ip6_forward).
func (r *run) forward(states []state) {
	var alive pool
	r.hook = netfilter.Forward
	for _, s := range states {
		if !r.follows(s.out) {
			continue
		}
		v := sieve{run: r, state: s}
		v.refuse(r.compareValue(s.header, netfilter.TTL, netfilter.Between(netfilter.Number{}, netfilter.Small(1))), "its time to live is over")
		if !v.packets.IsEmpty() {
			alive.add(r.changed(v.state, func(h *header) { h.ttl = decreased(h.ttl) }))
		}
	}
	r.leaves(r.through(netfilter.Forward, alive.states))
}

func decreased(ttl value) value {
	switch {
	case ttl.isConstant():
		return number(ttl.Fixed.Low - 1)
	case ttl.unknown || ttl.Keep != netfilter.AllOnes:
		return unspecified
	}
	ttl.Add--
	return ttl
}

func (r *run) leaves(states []state) {
	for _, s := range r.through(netfilter.Postrouting, states) {
		r.end(s, Flow{Kind: Forwarded})
	}
}

// reroute gives packets that got another destination in output their new way at once (ip_route_me_harder). The hook's
// later chains still see the interface that was chosen first.
func (r *run) reroute(before value, states []state) []state {
	var out pool
	for _, s := range states {
		if s.destination == before {
			out.add(s)
			continue
		}
		again := sieve{run: r, state: s}
		again.leave()
		for _, sent := range again.forward.states {
			out.add(r.changed(sent, func(h *header) { h.out, h.via = s.out, h.out }))
		}
	}
	return out.states
}

// outgoing follows packets that the host makes: routed, through output, routed anew if NAT gave them another
// destination, and out; those to itself come back over lo with their conntrack entry.
func (r *run) outgoing(s state) {
	r.hook = netfilter.Output
	v := sieve{run: r, state: s}
	v.leave()
	var sent pool
	for _, came := range r.through(netfilter.Output, v.forward.states) {
		if came.via != "" {
			came = r.changed(came, func(h *header) { h.out, h.via = h.via, "" })
		}
		sent.add(came)
	}
	var back pool
	for _, s := range r.through(netfilter.Postrouting, sent.states) {
		if s.out != "lo" {
			r.end(s, Flow{Kind: Forwarded})
			continue
		}
		back.add(r.changed(s, func(h *header) { h.in, h.out, h.looped = "lo", "", true }))
	}
	for _, s := range back.states {
		r.back(s)
	}
}

// back is a packet's way in again. It keeps its route, unless its translation gives it another destination here.
func (r *run) back(s state) {
	for _, came := range r.through(netfilter.Prerouting, []state{s}) {
		if came.destination == s.destination {
			r.input([]state{came})
		} else {
			r.routed(came)
		}
	}
}
