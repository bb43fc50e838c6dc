package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// through takes packets through one hook, and gives those that come out of it.
func (r *run) through(h netfilter.Hook, states []state) []state {
	r.hook = h
	for _, st := range r.hooks[h] {
		switch st.kind {
		case conntrackStage:
			states = r.forEach(states, r.track)
		case natStage:
			states = r.forEach(states, func(s state, out *pool) {
				came := r.translation(st, []state{s})
				if h == netfilter.Output {
					came = r.reroute(s.destination, came)
				}
				out.addAll(came)
			})
		default:
			states = r.forEach(states, func(s state, out *pool) { r.base(st.chain, s, out) })
		}
		r.hook = h // a packet that a chain took elsewhere is back
	}
	return states
}

func (r *run) forEach(states []state, do func(state, *pool)) []state {
	var out pool
	for _, s := range states {
		do(s, &out)
	}
	return out.states
}

// base takes packets through a base chain and its policy.
func (r *run) base(c *netfilter.Chain, s state, out *pool) {
	if r.assume && r.letsAll(c, s.header) {
		out.add(s)
		return
	}
	came := r.follow(r.compile(c), s, 0)
	if c.Base.Policy == netfilter.Drop {
		var let outcome
		for _, p := range came.passed.states {
			r.refuse(p, Flow{Kind: Dropped, Chain: c}, &let)
		}
		came.passed = let.accepted
	}
	out.addAll(came.accepted.states)
	out.addAll(came.passed.states)
}

// track is conntrack's own hook (nf_conntrack_in): packets that begin a conversation get an entry, others are invalid.
func (r *run) track(s state, out *pool) {
	if s.header.track != unseen {
		out.add(s)
		return
	}
	if s.finds != unseen {
		out.add(r.changed(s, func(h *header) { h.track = h.finds }))
		return
	}
	begins, outside := r.begins(s.header), r.outside(s.header)
	parts := []struct {
		packets packetset.Set
		as      tracking
	}{{outside, untracked}, {begins, fresh}, {begins.Or(outside).Not(), invalid}}
	for _, part := range parts {
		some := state{s.packets.And(part.packets), s.header}
		if !some.packets.IsEmpty() {
			out.add(r.changed(some, func(h *header) { h.track = part.as }))
		}
	}
}

// translation is the kernel's nat hook (nf_nat_inet_fn): first packets go through the nat chains until one decides, later
// ones are translated as their entry says.
func (r *run) translation(st stage, states []state) []state {
	r.manip = manipOf(r.hook)
	defer func() { r.manip = noManip }()
	var out, deciding pool
	for _, s := range states {
		switch {
		case !s.header.track.hasEntry():
			out.add(s)
		case s.header.track != fresh:
			out.add(r.changed(s, r.translated))
		case r.decided(s.header):
			out.add(s)
		default:
			deciding.add(s)
		}
	}
	for _, c := range st.nat {
		open := deciding
		deciding = pool{}
		for _, s := range r.forEach(open.states, func(s state, came *pool) { r.base(c, s, came) }) {
			if r.decided(s.header) {
				out.add(s)
			} else {
				deciding.add(s)
			}
		}
	}
	for _, s := range deciding.states {
		out.add(r.changed(s, r.done))
	}
	return out.states
}

// decided tells whether the conversation has the translation that this hook is for.
func (r *run) decided(h *header) bool {
	if r.manip == destinationManip {
		return h.destDone
	}
	return h.sourceDone
}
