package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// somewhere is the outgoing interface where no route is known.
const somewhere = "?"

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

func (v *sieve) from(addresses netfilter.Ranges) packetset.Set {
	return v.isOneOf(v.source, addresses)
}

func (v *sieve) to(addresses netfilter.Ranges) packetset.Set {
	return v.isOneOf(v.destination, addresses)
}

// send gives packets their outgoing interface.
func (v *sieve) send(some packetset.Set, out string) {
	if s := v.take(some); !s.packets.IsEmpty() {
		v.forward.add(v.changed(s, func(h *header) { h.out = out }))
	}
}

// byRoutes sends packets by the routes; which of several equal ones the kernel takes is not known.
func (v *sieve) byRoutes() {
	if v.places.blank {
		v.send(v.space.All(), somewhere)
	}
	for _, to := range v.places.routes {
		some := v.to(to.addresses)
		for _, out := range to.outs[1:] {
			v.send(some.And(v.undecided("which of several equal routes is taken")), out)
		}
		v.send(some, to.outs[0])
	}
	v.refuse(v.space.All(), "there is no route")
}

// leave routes packets of the host itself (ip_route_output_key, ip6_route_output).
func (v *sieve) leave() {
	v.send(v.to(v.places.local), "lo")
	v.refuse(v.to(v.places.prefix("0.0.0.0/8", "")), "the destination is no address")
	v.byRoutes()
	if v.family == netfilter.IPv6 {
		return
	}
	sent := v.forward
	v.forward = pool{}
	for _, s := range sent.states {
		out := sieve{run: v.run, state: s}
		if s.out != "lo" && !v.places.routesLocalnet(s.out) {
			loopback := out.from(v.places.loopback())
			groups := out.to(v.places.multicast).Or(out.to(v.places.broadcast))
			out.refuse(loopback.Minus(groups), "a loopback address does not leave the host")
		}
		v.forward.add(out.state)
	}
}

// route decides for packets that arrive (ip_route_input_slow, ip6_route_input).
func (v *sieve) route() {
	v.groups()
	if v.family == netfilter.IPv6 {
		v.route6()
		return
	}
	if !v.places.isLoopback(v.in) || !v.looped {
		v.martians()
	}
	v.delivered()
	if !v.places.forwards(v.in) {
		v.refuse(v.space.All(), "the host does not forward")
	}
	v.validate()
	v.byRoutes()
}

// groups: a host takes the packets of the multicast groups that it is in, and all are in the group of all hosts.
func (v *sieve) groups() {
	v.local.add(v.take(v.to(v.places.prefix("224.0.0.1/32", "ff02::1/128"))))
	several := v.take(v.to(v.places.multicast))
	if several.packets.IsEmpty() {
		return
	}
	member := v.undecided("whether the host is in that multicast group")
	v.local.add(state{several.packets.And(member), v.header})
	v.end(state{several.packets.Minus(member), v.header}, Flow{Kind: NoRoute, With: "the host is not in that multicast group"})
}

// delivered takes out the packets for the host itself.
func (v *sieve) delivered() {
	here := v.to(v.places.localTo(v.in)).Or(v.to(v.places.broadcast))
	if v.places.blank {
		here = here.Or(v.undecided("whether the destination is an address of the host"))
	}
	local := sieve{run: v.run, state: v.take(here)}
	local.validate()
	v.local.add(local.state)
}

// route6 forwards no packet from or to another link's own addresses (ip6_forward, rt6_need_strict).
func (v *sieve) route6() {
	v.delivered()
	if !v.places.forwards(v.in) {
		v.refuse(v.space.All(), "the host does not forward")
	}
	link := v.places.ofOneLink()
	v.send(v.to(v.places.once("of the link "+v.in, func() netfilter.Ranges { return link.Intersect(v.places.onLink[v.in]) })), v.in)
	v.refuse(v.to(link), "there is no route on that link")
	v.byRoutes()
	sent := v.forward
	v.forward = pool{}
	for _, s := range sent.states {
		out := sieve{run: v.run, state: s}
		if s.out != s.in {
			out.refuse(out.from(link).Or(out.from(v.places.prefix("", "::/128"))), "packets of a link are not forwarded")
		}
		v.forward.add(out.state)
	}
}
