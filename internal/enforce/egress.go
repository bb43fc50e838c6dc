package enforce

import (
	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/policy"
)

// Egress is what a plan changes about where containers go, in the policy's own sentences.
type Egress struct {
	New, Gone     []string      // sentences, in order; rules that say nothing on this host are in neither
	Before, After policy.Action // what decides where no rule does
}

// Changed tells whether there is a difference at all.
func (e Egress) Changed() bool { return len(e.New) > 0 || len(e.Gone) > 0 || e.Before != e.After }

// Egress compares the installed rules with the gate's.
func (p *Plan) Egress() Egress {
	installed := p.Installed
	if installed == nil && len(p.Obsolete) > 0 {
		installed = p.Obsolete[0].Installed
	}
	old, before := installedEgress(installed)
	wanted := append(p.Gate.IPv4.Egress.Rules(), p.Gate.IPv6.Egress.Rules()...)
	return Egress{missing(wanted, old), missing(old, wanted), before, p.Policy.Defaults.Egress}
}

// installedEgress are the rules of the installed lines, and what decides where none does. nil: nothing is installed.
func installedEgress(i *backend.Installed) (rules []gate.RuleRef, otherwise policy.Action) {
	otherwise = policy.Allow
	if i == nil {
		return nil, otherwise
	}
	for _, l := range i.Lines {
		switch {
		case l.Way != backend.Egress:
		case l.Default:
			otherwise = l.Action
		default:
			rules = append(rules, l.Rule)
		}
	}
	return rules, otherwise
}

// missing are the sentences of those of some that are not among the others, each once.
func missing(some, others []gate.RuleRef) []string {
	known := map[string]bool{}
	for _, r := range others {
		known[r.Hash] = true
	}
	var sentences []string
	for _, r := range some {
		if !known[r.Hash] {
			known[r.Hash] = true
			sentences = append(sentences, r.Sentence)
		}
	}
	return sentences
}
