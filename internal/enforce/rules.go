package enforce

import (
	"slices"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/policy"
)

// State is what a rule has to do with the kernel.
type State string

// The states of rules. A rule needs no line where it speaks of nothing that is on this host now, or says only what the
// section's default says anyway.
const (
	InForce    State = "in force"
	NoLine     State = "needs no line on this host now"
	Pending    State = "not in force"
	Gone       State = "in force, but not in the policy"
	Uncompared State = "in force; not compared with the policy"
)

// RuleState is one rule with what all its installed lines have counted.
type RuleState struct {
	Rule           gate.RuleRef
	Section        policy.Section
	State          State
	Packets, Bytes uint64
}

// ruleStates are the rules of the policy in its order, and then those that are installed besides.
func ruleStates(p *Prepared, lines []backend.Line) []RuleState {
	t := tally(lines)
	var states []RuleState
	if p.Policy != nil && p.Gate != nil {
		wanted := wantedRules(p.Gate)
		for _, r := range slices.Concat(p.Policy.Ingress, p.Policy.Egress) {
			states = append(states, t.stateOf(r, wanted))
		}
	}
	rest := Gone
	if p.Gate == nil {
		rest = Uncompared
	}
	for _, hash := range t.order {
		if s := t.byHash[hash]; s.State == "" {
			s.State = rest
			states = append(states, *s)
		}
	}
	return states
}

// tallied are the installed rules with their counters. Those that have no State were not found in the policy.
type tallied struct {
	byHash map[string]*RuleState
	order  []string
}

func tally(lines []backend.Line) *tallied {
	t := &tallied{byHash: map[string]*RuleState{}}
	for _, l := range lines {
		if l.Default {
			continue
		}
		s := t.byHash[l.Rule.Hash]
		if s == nil {
			s = &RuleState{Rule: l.Rule, Section: sectionOf(l.Way)}
			t.byHash[l.Rule.Hash] = s
			t.order = append(t.order, l.Rule.Hash)
		}
		s.Packets += l.Packets
		s.Bytes += l.Bytes
	}
	return t
}

func sectionOf(w backend.Way) policy.Section {
	if w == backend.Egress {
		return policy.Egress
	}
	return policy.Ingress
}

// stateOf is the state of a rule of the policy. Its place is the policy's: the comment may have an older one.
func (t *tallied) stateOf(r policy.Rule, wanted map[string]bool) RuleState {
	state := RuleState{Rule: gate.NewRuleRef(r), Section: r.Section, State: NoLine}
	if installed := t.byHash[state.Rule.Hash]; installed != nil {
		installed.State = InForce
		state.State, state.Packets, state.Bytes = InForce, installed.Packets, installed.Bytes
	} else if wanted[state.Rule.Hash] {
		state.State = Pending
	}
	return state
}

// wantedRules are the hashes of the rules that have lines in the gate.
func wantedRules(g *gate.Gate) map[string]bool {
	wanted := map[string]bool{}
	for _, f := range []gate.Family{g.IPv4, g.IPv6} {
		for _, d := range []gate.Dispatch{f.Ingress, f.Local, f.Egress} {
			for _, r := range d.Rules() {
				wanted[r.Hash] = true
			}
		}
	}
	return wanted
}
