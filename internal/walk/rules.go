package walk

import (
	"fmt"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// ruling is what a rule decides about the packet's way through the chains.
type ruling uint8

const (
	goesOn ruling = iota
	accepted
	returned
	jumped
	wentTo
	ended
)

// rule looks at one rule.
func (r *run) rule(ru *rule) (ruling, *chain) {
	r.at, r.asked = ru, 0
	for i := range ru.parts {
		p := &ru.parts[i]
		if !r.lets(ru, p) {
			r.passed(ru, i)
			return goesOn, nil
		}
		if p.action == nil {
			continue
		}
		if v, to, done := r.act(ru, p); done {
			return v, to
		}
	}
	r.matched(ru, "")
	return goesOn, nil
}

// lets tells whether a part's matches let the packet go on; what is not known and matters is chosen.
func (r *run) lets(ru *rule, p *part) bool {
	switch r.all(ru, p.conds) {
	case no:
		return false
	case maybe:
		if !ru.verdicts {
			if r.recorder != nil {
				r.recorder.unsure = true
			}
			return false
		}
		return r.choose(2, func(answer int) string { return assumption(ru.source, p.matches, answer == 0) }) == 0
	}
	return true
}

func (r *run) passed(ru *rule, part int) {
	if r.recorder == nil {
		return
	}
	if part == 0 {
		r.recorder.pass(r, ru)
		return
	}
	r.step(RuleMatched, ru.source.Chain, ru.source, "in part")
}

// broken: an action had nothing for the packet, and the rule is over without having matched.
func (r *run) broken(ru *rule, p *part) {
	for i := range ru.parts {
		if &ru.parts[i] == p {
			r.passed(ru, i)
		}
	}
}

func (r *run) matched(ru *rule, text string) {
	if r.recorder != nil {
		r.step(RuleMatched, ru.source.Chain, ru.source, text)
	}
}

// assumption says which undecided match is taken to match or not.
func assumption(ru *netfilter.Rule, matches []netfilter.Match, does bool) string {
	verb := "does not match"
	if does {
		verb = "matches"
	}
	for _, m := range matches {
		if u, ok := m.(netfilter.Undecided); ok {
			return fmt.Sprintf("%s %s (%q: %s)", ru, verb, u.Text, u.Reason)
		}
	}
	return fmt.Sprintf("%s %s (%q: not all that it looks at is known)", ru, verb, ru.Text)
}

// act takes a part's action; done tells whether the rule is at its end with it.
func (r *run) act(ru *rule, p *part) (v ruling, to *chain, done bool) {
	switch a := p.action.(type) {
	case netfilter.Verdict:
		v, to = r.verdict(ru, &a, p.target)
		return v, to, true
	case netfilter.VerdictMap:
		return r.verdictMap(ru, p, &a)
	case netfilter.NAT:
		return r.nat(ru, &a)
	case netfilter.SetField:
		matched, walks := r.set(&a, ru)
		if !walks {
			return ended, nil, true
		}
		return goesOn, nil, !matched
	case netfilter.NoTrack:
		if r.track == noEntry {
			r.track = untracked
		}
	case netfilter.Unclear:
		r.finish(Unknown, ru.source.Chain, ru.source, fmt.Sprintf("%q: %s", a.Text, a.Reason))
		return ended, nil, true
	}
	return goesOn, nil, false
}

// verdict does what a verdict says.
func (r *run) verdict(ru *rule, v *netfilter.Verdict, to *chain) (ruling, *chain) {
	if r.recorder != nil {
		r.matched(ru, verdictWord(v))
	}
	switch v.Kind {
	case netfilter.Accept:
		return accepted, nil
	case netfilter.Drop:
		return r.refuse(Dropped, ru, "")
	case netfilter.Reject:
		return r.refuse(Rejected, ru, v.With)
	case netfilter.Return:
		return returned, nil
	case netfilter.Jump, netfilter.Goto:
		return r.jump(ru, v, to)
	case netfilter.Queue:
		return r.queue(ru)
	case netfilter.Stolen:
		r.finish(Unknown, ru.source.Chain, ru.source, "the rule takes the packet away")
		return ended, nil
	}
	return goesOn, nil
}

func verdictWord(v *netfilter.Verdict) string {
	words := [...]string{"continue", "accept", "drop", "reject", "return", "jump", "goto", "queue", "stolen"}
	switch {
	case v.Kind == netfilter.Jump, v.Kind == netfilter.Goto:
		return words[v.Kind] + " " + v.Chain
	case v.Kind == netfilter.Reject && v.With != "":
		return "reject with " + v.With
	}
	return words[v.Kind]
}

// refuse ends the packet, unless refusals are overlooked: then it goes on as after an accept.
func (r *run) refuse(kind EndKind, ru *rule, with string) (ruling, *chain) {
	if r.start.assume {
		return accepted, nil
	}
	r.finish(kind, ru.source.Chain, ru.source, with)
	return ended, nil
}

func (r *run) jump(ru *rule, v *netfilter.Verdict, to *chain) (ruling, *chain) {
	switch {
	case to == nil:
		r.finish(Unknown, ru.source.Chain, ru.source, fmt.Sprintf("there is no chain %q in what was read", v.Chain))
		return ended, nil
	case to.loops:
		r.finish(Unknown, ru.source.Chain, ru.source, fmt.Sprintf("the chain %q leads back to itself; the kernel has no such rules", v.Chain))
		return ended, nil
	case v.Kind == netfilter.Goto:
		return wentTo, to
	}
	return jumped, to
}

// queue: the program's accept goes on with the hook's next chain (nf_reinject).
func (r *run) queue(ru *rule) (ruling, *chain) {
	answer := r.choose(2, func(answer int) string {
		return fmt.Sprintf("the program that %s hands packets to %s it", ru.source, [...]string{"accepts", "drops"}[answer])
	})
	if answer == 0 {
		return accepted, nil
	}
	return r.refuse(Dropped, ru, "by the program that reads the queue")
}

// verdictMap looks the verdict up. Without one the rule does not match (nft_lookup_eval breaks off).
func (r *run) verdictMap(ru *rule, p *part, a *netfilter.VerdictMap) (ruling, *chain, bool) {
	found, known := r.element(a.Fields, a.Set)
	switch {
	case known == maybe:
		r.finish(Unknown, ru.source.Chain, ru.source, fmt.Sprintf("it is not known what the map %q has for this packet", a.Set.Name))
		return ended, nil, true
	case known == no:
		r.broken(ru, p)
		return goesOn, nil, true
	case found.Verdict == nil || found.Verdict.Kind == netfilter.Continue:
		return goesOn, nil, false
	}
	v, to := r.verdict(ru, found.Verdict, p.targets[found.Verdict.Chain])
	return v, to, true
}
