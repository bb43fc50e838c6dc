package reach

import "github.com/dockwall/dockwall/internal/netfilter"

// pool is states, those with one header joined.
type pool struct {
	states []state
	index  map[*header]int
}

func (l *pool) add(s state) {
	if s.packets.IsEmpty() {
		return
	}
	if len(l.states) < 8 {
		for i := range l.states {
			if l.states[i].header == s.header {
				l.states[i].packets = l.states[i].packets.Or(s.packets)
				return
			}
		}
		l.states = append(l.states, s)
		return
	}
	l.addIndexed(s)
}

func (l *pool) addIndexed(s state) {
	if l.index == nil {
		l.index = map[*header]int{}
		for i, known := range l.states {
			l.index[known.header] = i
		}
	}
	if i, known := l.index[s.header]; known {
		l.states[i].packets = l.states[i].packets.Or(s.packets)
		return
	}
	l.index[s.header] = len(l.states)
	l.states = append(l.states, s)
}

// outcome is what a chain does with packets that it does not end.
type outcome struct {
	passed   pool // came to its end, or returned
	accepted pool
}

// deepest bounds jumps in jumps. The kernel allows 16 in nftables (NFT_JUMP_STACK_SIZE); iptables counts its chains.
const deepest = 512

// work bounds the rules that packets of one question are taken through, jumps counted each time.
const work = 20_000_000

// follow takes packets through a chain.
func (r *run) follow(c *chain, s state, depth int) outcome {
	var out outcome
	if depth > deepest || r.spent > work || r.space.Full() {
		r.end(s, Flow{Kind: Unknown, Chain: c.Chain, With: "the rules are too many or too entangled to be followed for all packets"})
		return out
	}
	u := &hull{plan: r.plan, state: s, only: len(c.rules) <= shortChain}
	live := []state{s}
	for list := c.candidatesFor(u); len(list) > 0 && len(live) > 0; {
		if n := plainRun(list); n >= r.longRun {
			live = r.meetAll(c, list[:n], u, live, &out, depth)
			list = list[n:]
			continue
		}
		if !u.excludes(list[0]) {
			live = r.meet(list[0], live, &out, depth)
		}
		list = list[1:]
	}
	for _, left := range live {
		out.passed.add(left)
	}
	return out
}

// meetAll takes packets through a run of plain rules.
func (r *run) meetAll(c *chain, rules []*rule, u *hull, live []state, out *outcome, depth int) []state {
	var next pool
	for _, s := range live {
		if rest, ok := r.decide(c, rules, u, s, out); ok {
			next.add(rest)
			continue
		}
		left := []state{s}
		for _, rl := range rules {
			if len(left) > 0 && !u.excludes(rl) {
				left = r.meet(rl, left, out, depth)
			}
		}
		next.addAll(left)
	}
	return next.states
}

// meet takes packets through one rule, and gives those that go on with the next.
func (r *run) meet(rl *rule, live []state, out *outcome, depth int) []state {
	r.spent++
	t := taking{run: r, rule: rl, out: out, depth: depth}
	for _, s := range live {
		t.take(0, s)
	}
	return t.next.states
}

// taking is one rule that packets go through.
type taking struct {
	*run
	rule  *rule
	out   *outcome
	depth int
	next  pool // who goes on with the next rule
}

// take goes on with the step at an index, for packets that came that far.
func (t *taking) take(at int, s state) {
	steps := t.rule.steps
	met := s.packets
	for ; at < len(steps) && steps[at].match != nil && !met.IsEmpty(); at++ {
		met = met.And(steps[at].match.meets(t.plan, s.header))
	}
	t.next.add(state{s.packets.Minus(met), s.header})
	if met.IsEmpty() {
		return
	}
	s.packets = met
	if at == len(steps) {
		t.next.add(s)
		return
	}
	t.act(at, s)
}

// act takes the action at an index.
func (t *taking) act(at int, s state) {
	switch a := t.rule.steps[at].action.(type) {
	case netfilter.Verdict:
		t.verdict(a, at, s)
	case netfilter.VerdictMap:
		t.verdictMap(a, at, s)
	case netfilter.NAT:
		t.nat(a, at, s)
	case netfilter.SetField:
		t.set(a, at, s)
	case netfilter.NoTrack:
		t.noTrack(at, s)
	case netfilter.Unclear:
		t.end(s, Flow{Kind: Unknown, Chain: t.rule.Chain, Rule: t.rule.Rule, With: a.Text + ": " + a.Reason})
	default:
		t.take(at+1, s)
	}
}

// verdict ends the rule.
func (t *taking) verdict(v netfilter.Verdict, at int, s state) {
	by := Flow{Chain: t.rule.Chain, Rule: t.rule.Rule, With: v.With}
	switch v.Kind {
	case netfilter.Continue:
		t.next.add(s)
	case netfilter.Accept:
		t.out.accepted.add(s)
	case netfilter.Return:
		t.out.passed.add(s)
	case netfilter.Drop, netfilter.Reject, netfilter.Stolen:
		by.Kind = Dropped
		if v.Kind == netfilter.Reject {
			by.Kind = Rejected
		}
		t.refuse(s, by, t.out)
	case netfilter.Queue:
		t.queue(s, by)
	case netfilter.Jump, netfilter.Goto:
		t.call(v, s)
	}
}

// queue hands packets to a program: it may let them on to the next chain, or end them.
func (t *taking) queue(s state, by Flow) {
	let := t.undecided(t.rule.Text + ": what the program says is not known")
	t.out.accepted.add(state{s.packets.And(let), s.header})
	by.Kind = Dropped
	t.refuse(state{s.packets.Minus(let), s.header}, by, t.out)
}

// call jumps into another chain of the same table. After a goto its end is the end of this chain too.
func (t *taking) call(v netfilter.Verdict, s state) {
	target := t.rule.Chain.Table.Chain(v.Chain)
	if target == nil {
		t.end(s, Flow{Kind: Unknown, Chain: t.rule.Chain, Rule: t.rule.Rule, With: "there is no chain " + v.Chain})
		return
	}
	inner := t.follow(t.compile(target), s, t.depth+1)
	for _, a := range inner.accepted.states {
		t.out.accepted.add(a)
	}
	for _, p := range inner.passed.states {
		if v.Kind == netfilter.Goto {
			t.out.passed.add(p)
		} else {
			t.next.add(p)
		}
	}
}
