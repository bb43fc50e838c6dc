package access

import (
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
)

// Difference is who reaches one publication, before and after.
type Difference struct {
	Publication   Publication
	Before, After string
}

// Changed tells whether there is a difference at all.
func (d Difference) Changed() bool { return d.Before != d.After }

// Compare says of every publication of the host who reaches it before and after.
func Compare(h *host.Host, before, after State) []Difference {
	var all []Difference
	for _, p := range Publications(h) {
		all = append(all, Difference{p, before.Who(p, h), after.Who(p, h)})
	}
	return all
}

// Egress is what changes about where containers go.
type Egress struct {
	New, Gone     []string // sentences, in order
	Before, After string   // what decides where no rule does: "allow" or "deny"
}

// Changed tells whether there is a difference at all.
func (e Egress) Changed() bool { return len(e.New) > 0 || len(e.Gone) > 0 || e.Before != e.After }

// CompareEgress is the difference between two states.
func CompareEgress(before, after State) Egress {
	old, oldDefault := before.Egress()
	wanted, newDefault := after.Egress()
	return Egress{missing(wanted, old), missing(old, wanted), oldDefault.String(), newDefault.String()}
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
