package walk

import (
	"github.com/dockwall/dockwall/internal/netfilter"
)

// runHook makes one hook's calls; false where the packet ended in it.
func (r *run) runHook(h netfilter.Hook) bool {
	r.hook = h
	calls := r.w.hooks[r.families()][h]
	for i := range calls {
		if !r.call(&calls[i]) {
			return false
		}
	}
	return true
}

func (r *run) call(c *call) bool {
	switch c.kind {
	case chainCall:
		return r.base(c.chains[0])
	case defragCall:
		if r.w.tracks[r.families()] {
			r.packet.Fragment = false // nf_defrag_ipv4 keeps later fragments, and lets the whole packet through with the last
		}
	case trackCall:
		if r.w.tracks[r.families()] {
			r.conntrack()
		}
	case natCall:
		return r.translate(c.chains)
	case confirmCall:
		if r.track == tracked {
			r.conn.Status |= netfilter.StatusConfirmed // nf_confirm
		}
	}
	return true
}

// base runs a base chain; false where the packet ended in it.
func (r *run) base(c *chain) bool {
	if c.source.Base.Type == netfilter.RouteChain && r.hook == netfilter.Output {
		return r.routeChain(c)
	}
	return r.chain(c)
}

// chain runs a base chain's rules and those they lead to (nft_do_chain, ipt_do_table).
func (r *run) chain(base *chain) bool {
	r.stack = r.stack[:0]
	c, i := base, 0
	for {
		if i == len(c.rules) {
			if len(r.stack) == 0 {
				return r.policy(base)
			}
			c, i = r.pop()
			continue
		}
		ru := &c.rules[i]
		i++
		v, to := r.rule(ru)
		switch v {
		case ended:
			return false
		case accepted:
			return true
		case returned:
			i = len(c.rules)
		case jumped:
			r.stack = append(r.stack, frame{c, i})
			c, i = to, 0
		case wentTo:
			c, i = to, 0
		}
	}
}

func (r *run) pop() (*chain, int) {
	last := r.stack[len(r.stack)-1]
	r.stack = r.stack[:len(r.stack)-1]
	return last.chain, last.next
}

// policy is what happens at a base chain's end.
func (r *run) policy(base *chain) bool {
	accepts := base.source.Base.Policy != netfilter.Drop
	if r.recorder != nil {
		r.step(PolicyApplied, base.source, nil, policyWord(accepts))
	}
	if accepts || r.start.assume {
		return true
	}
	return r.finish(Dropped, base.source, nil, "")
}

func policyWord(accepts bool) string {
	if accepts {
		return "accept"
	}
	return "drop"
}
