package enforce

import (
	"cmp"
	"context"
	"slices"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/policy"
)

// InForce are the backends that judge conversations now, with what they have installed. It needs neither a policy nor
// Docker nor the lock, and may be called while others work. Leftovers that guard nothing (sets without rules) do not count.
func (e *Enforcer) InForce(ctx context.Context) ([]Holding, error) {
	found, err := holdings(ctx, e.Machine.Backends(nil))
	return slices.DeleteFunc(found, func(h Holding) bool { return !h.Installed.Guards() }), err
}

// Counters are the rules that have installed lines, each once with what they have counted, by section and place. A rule
// that p (nil: not known) has is at its place there: the installed comment may have an older one.
func Counters(p *policy.Policy, lines []backend.Line) []RuleState {
	t, places := tally(lines), placesOf(p)
	states := make([]RuleState, 0, len(t.order))
	for _, hash := range t.order {
		s := *t.byHash[hash]
		if place, ok := places[hash]; ok {
			s.Rule.Position = place
		}
		states = append(states, s)
	}
	slices.SortFunc(states, func(a, b RuleState) int {
		return cmp.Or(cmp.Compare(a.Section, b.Section), cmp.Compare(a.Rule.Position.File, b.Rule.Position.File),
			cmp.Compare(a.Rule.Position.Line, b.Rule.Position.Line), cmp.Compare(a.Rule.Hash, b.Rule.Hash))
	})
	return states
}

// placesOf are where the rules stand, by their hashes.
func placesOf(p *policy.Policy) map[string]policy.Position {
	places := map[string]policy.Position{}
	if p == nil {
		return places
	}
	for _, r := range slices.Concat(p.Ingress, p.Egress) {
		if hash := gate.NewRuleRef(r).Hash; places[hash].File == "" {
			places[hash] = r.Position
		}
	}
	return places
}
