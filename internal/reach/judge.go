package reach

import (
	"fmt"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// Judgement is what can be said of a rule by its chain alone, for whatever packets come into the chain.
type Judgement struct {
	Rule *netfilter.Rule
	// Dead: the rule never matches. By are the earlier rules that take all packets that it would match, in order; none if
	// no packet at all matches it.
	Dead bool
	By   []*netfilter.Rule
	// Idle: it matches, but without it the same would happen to every packet: later rules, or the chain's end, do the same.
	Idle bool
}

// Judge looks at the rules of one chain. Packets can have any values of all fields in every combination, more than ever
// come together: what is called dead or idle is so on every host, while others may be dead on this one (see Matched).
func (a *Analysis) Judge(c *netfilter.Chain, f netfilter.Family) []Judgement {
	if a.alone[f] == nil {
		a.alone[f] = freePlan(a.machine, f)
	}
	j := judging{run: newRun(a.alone[f], First)}
	j.chain = j.compile(c)
	j.down()
	j.up(c)
	return j.found
}

type judging struct {
	*run
	chain   *chain
	matched []packetset.Set // by each rule's matches, of anything
	took    []packetset.Set // the packets that came to it and did not go on to the next
	found   []Judgement
}

// down takes anything through the chain, rule by rule.
func (j *judging) down() {
	left := j.anything()
	h := j.intern(header{})
	for i, rl := range j.chain.rules {
		met := j.anythingMeets(rl, h)
		came := left.And(met)
		j.matched = append(j.matched, met)
		judged := Judgement{Rule: rl.Rule, Dead: came.IsEmpty()}
		if judged.Dead {
			judged.By = j.shadows(i)
		} else {
			left = left.Minus(j.takes(rl, came, h))
		}
		j.found = append(j.found, judged)
		if judged.Dead {
			j.took = append(j.took, j.space.None())
		}
	}
}

// anythingMeets are the packets that pass the matches before a rule's first action.
func (j *judging) anythingMeets(rl *rule, h *header) packetset.Set {
	met := j.anything()
	for _, s := range rl.steps {
		if s.match == nil || met.IsEmpty() {
			break
		}
		met = met.And(s.match.meets(j.plan, h))
	}
	return met
}

// takes are those of the packets that matched which do not go on with the next rule.
func (j *judging) takes(rl *rule, came packetset.Set, h *header) packetset.Set {
	taken := came
	if _, simple := verdictOf(rl); !simple {
		t := taking{run: j.run, rule: rl, out: &outcome{}}
		t.take(0, state{came, h})
		for _, next := range t.next.states {
			taken = taken.Minus(next.packets)
		}
	}
	j.took = append(j.took, taken)
	return taken
}

// shadows are the earlier rules that took what a rule would match.
func (j *judging) shadows(i int) []*netfilter.Rule {
	var by []*netfilter.Rule
	rest := j.matched[i]
	for k := 0; k < i && !rest.IsEmpty(); k++ {
		if apart(j.chain.rules[k], j.chain.rules[i]) {
			continue
		}
		if both := rest.And(j.took[k]); !both.IsEmpty() {
			by = append(by, j.chain.rules[k].Rule)
			rest = rest.Minus(both)
		}
	}
	return by
}

// apart tells whether the guards of two rules have nothing in common.
func apart(a, b *rule) bool {
	for _, g := range a.guards {
		for _, o := range b.guards {
			if g.field == o.field && (g.last.Compare(o.first) < 0 || o.last.Compare(g.first) < 0) {
				return true
			}
		}
	}
	return false
}

// up goes from the chain's end to its beginning, with what the rules from there on do to anything. A rule is idle only if
// that is so with the dead rules and without them: so all that are dead or idle can be removed, one by one or together.
func (j *judging) up(c *netfilter.Chain) {
	end := "return"
	if c.Base != nil {
		end = verdictKey(netfilter.Verdict{Kind: c.Base.Policy})
	}
	all := map[string]packetset.Set{end: j.anything()}
	alive := map[string]packetset.Set{end: j.anything()}
	for i := len(j.chain.rules) - 1; i >= 0; i-- {
		key, simple := verdictOf(j.chain.rules[i])
		switch {
		case !simple:
			key = fmt.Sprint("rule ", i)
		case key == "return":
			key = end
		}
		judged := &j.found[i]
		judged.Idle = simple && !judged.Dead && j.same(i, all[key]) && j.same(i, alive[key])
		all = before(all, key, j.matched[i])
		if !judged.Dead {
			alive = before(alive, key, j.matched[i])
		}
	}
}

// same tells whether all that a rule took would be among the packets to which the same is done later.
func (j *judging) same(i int, later packetset.Set) bool {
	return later != packetset.Set{} && j.took[i].Minus(later).IsEmpty()
}

// before is what is done to packets from a rule on: its own verdict for those that it matches.
func before(does map[string]packetset.Set, key string, matched packetset.Set) map[string]packetset.Set {
	earlier := map[string]packetset.Set{key: matched}
	for k, s := range does {
		if k == key {
			earlier[k] = s.Or(matched)
		} else if rest := s.Minus(matched); !rest.IsEmpty() {
			earlier[k] = rest
		}
	}
	return earlier
}

// verdictOf is the verdict of a rule that has matches and one verdict, and nothing else.
func verdictOf(rl *rule) (string, bool) {
	for i, s := range rl.steps {
		if s.match != nil {
			continue
		}
		v, ok := s.action.(netfilter.Verdict)
		if !ok || i != len(rl.steps)-1 || v.Chain != "" || v.Kind == netfilter.Continue || v.Kind == netfilter.Queue {
			return "", false
		}
		return verdictKey(v), true
	}
	return "", false
}

func verdictKey(v netfilter.Verdict) string {
	switch v.Kind {
	case netfilter.Accept:
		return "accept"
	case netfilter.Drop:
		return "drop"
	case netfilter.Return:
		return "return"
	}
	return "reject " + v.With
}
