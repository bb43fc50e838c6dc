package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// somewhere is the outgoing interface where no route is known.
const somewhere = "?"

// incoming follows packets that arrive.
func (r *run) incoming(s state) {
	r.hook = netfilter.Prerouting
	v := sieve{run: r, state: s}
	if r.family == netfilter.IPv6 && s.in != "lo" {
		v.refuse(r.isOneOf(s.source, r.places.loopback().Union(r.places.multicast)), "no packet from outside has such a source")
		v.refuse(r.isOneOf(s.destination, r.places.loopback()), "loopback addresses are for the host alone")
	}
	for _, came := range r.through(netfilter.Prerouting, v.left()) {
		v := sieve{run: r, state: came}
		v.route()
		r.input(v.local.states)
		r.forward(v.forward.states)
	}
}

func (r *run) input(states []state) {
	for _, s := range r.through(netfilter.Input, states) {
		r.end(s, Flow{Kind: Delivered})
	}
}

func (r *run) forward(states []state) {
	for _, s := range r.through(netfilter.Postrouting, r.through(netfilter.Forward, states)) {
		r.end(s, Flow{Kind: Forwarded})
	}
}

// outgoing follows packets that the host makes: routed, through output, routed anew if NAT gave them another
// destination, and out; those to itself come back over lo with their conntrack entry.
func (r *run) outgoing(s state) {
	r.hook = netfilter.Output
	v := sieve{run: r, state: s}
	v.leave()
	var sent pool
	for _, came := range r.through(netfilter.Output, v.forward.states) {
		again := sieve{run: r, state: came}
		again.leave()
		sent.addAll(again.forward.states)
	}
	var back pool
	for _, s := range r.through(netfilter.Postrouting, sent.states) {
		if s.out != "lo" {
			r.end(s, Flow{Kind: Forwarded})
			continue
		}
		back.add(r.changed(s, func(h *header) { h.in, h.out, h.looped = "lo", "", true }))
	}
	r.input(r.through(netfilter.Prerouting, back.states))
}

// sieve takes packets apart by where they go.
type sieve struct {
	*run
	state
	local, forward pool
}

func (v *sieve) left() []state {
	if v.packets.IsEmpty() {
		return nil
	}
	return []state{v.state}
}

// take are the packets of a set; they are no longer in the sieve.
func (v *sieve) take(some packetset.Set) state {
	taken := state{v.packets.And(some), v.header}
	v.packets = v.packets.Minus(taken.packets)
	return taken
}

func (v *sieve) refuse(some packetset.Set, why string) {
	v.end(v.take(some), Flow{Kind: NoRoute, With: why})
}

func (v *sieve) from(addresses netfilter.Ranges) packetset.Set { return v.isOneOf(v.source, addresses) }
func (v *sieve) to(addresses netfilter.Ranges) packetset.Set {
	return v.isOneOf(v.destination, addresses)
}

// leave routes packets of the host itself.
func (v *sieve) leave() {
	v.send(v.to(v.places.local), "lo")
	if v.places.blank {
		v.send(v.space.All(), somewhere)
	}
	for _, to := range v.places.routes {
		v.send(v.to(to.addresses), to.out)
	}
	v.refuse(v.space.All(), "there is no route")
}

func (v *sieve) send(some packetset.Set, out string) {
	if s := v.take(some); !s.packets.IsEmpty() {
		v.forward.add(v.changed(s, func(h *header) { h.out = out }))
	}
}

// route decides for packets that arrive (ip_route_input_slow, ip6_route_input).
func (v *sieve) route() {
	several := v.take(v.to(v.places.multicast))
	member := v.undecided("whether the host listens to that multicast group")
	v.local.add(state{several.packets.And(member), v.header})
	v.end(state{several.packets.Minus(member), v.header}, Flow{Kind: NoRoute, With: "nobody on the host listens to that multicast group"})
	if v.in != "lo" && v.family == netfilter.IPv4 {
		v.martians()
	}
	v.delivered()
	if !v.places.forwards(v.in) {
		v.refuse(v.space.All(), "the host does not forward")
	}
	if v.family == netfilter.IPv6 {
		v.refuse(v.from(v.places.prefix("", "::/128").Union(v.places.prefix("", "::1/128")).Union(v.places.linkLocal()).Union(v.places.multicast)),
			"packets of a link are not forwarded")
		v.refuse(v.to(v.places.linkLocal()), "link-local addresses are not forwarded")
	}
	v.validate()
	if v.places.blank {
		v.send(v.space.All(), somewhere)
	}
	for _, to := range v.places.routes {
		v.send(v.to(to.addresses), to.out)
	}
	v.refuse(v.space.All(), "there is no route")
}

// delivered takes out the packets for the host itself.
func (v *sieve) delivered() {
	here := v.to(v.places.localTo(v.in).Union(v.places.broadcast))
	if v.places.blank {
		here = here.Or(v.undecided("whether the destination is an address of the host"))
	}
	local := sieve{run: v.run, state: v.take(here)}
	local.validate()
	v.local.add(local.state)
}

// martians are refused before any route is looked for.
func (v *sieve) martians() {
	pl := v.places
	everyone := pl.prefix("255.255.255.255/32", "")
	zero := pl.prefix("0.0.0.0/8", "")
	v.refuse(v.from(pl.multicast.Union(everyone)), "no packet has such a source")
	unset := pl.prefix("0.0.0.0/32", "")
	shout := sieve{run: v.run, state: v.take(v.to(everyone).Or(v.from(unset).And(v.to(unset))))}
	v.local.add(shout.take(shout.from(zero)))
	shout.validate()
	v.local.add(shout.state)
	v.refuse(v.from(zero), "no packet has such a source")
	v.refuse(v.to(zero), "no packet has such a destination")
	if !pl.routesLocalnet(v.in) {
		v.refuse(v.to(pl.loopback()), "loopback addresses are for the host alone")
		v.refuse(v.from(pl.loopback()), "no packet from outside has such a source")
	}
}

// validate refuses sources that cannot come from there (fib_validate_source).
func (v *sieve) validate() {
	if v.family != netfilter.IPv4 || v.in == "lo" {
		return
	}
	v.refuse(v.from(v.places.local), "the source is an address of the host")
	switch v.places.reverseFilter(v.in) {
	case "1":
		v.refuse(v.from(everything.Minus(v.places.behind(v.in))), "the way back does not leave by "+v.in+" (rp_filter)")
	case "2":
		v.refuse(v.from(everything.Minus(v.places.routable)), "there is no way back (rp_filter)")
	}
}
