package enforce

import (
	"context"
	"fmt"
	"slices"

	"github.com/dockwall/dockwall/internal/audit"
	"github.com/dockwall/dockwall/internal/planned"
)

// Foresee computes who reaches what on this host now, and who will once the plan is carried out: both from the rules of
// the whole host, for all packets at once. missing are sentences about what is not known of the host.
func (e *Enforcer) Foresee(ctx context.Context, p *Plan) (differences []audit.Difference, missing []string, err error) {
	now, err := e.Machine.Capture(ctx, p.Host)
	if err != nil {
		return nil, nil, fmt.Errorf("the host's rules cannot be read: %w", err)
	}
	in := audit.Input{Machine: now, Host: p.Host, Policy: p.Policy}
	before, err := audit.Reachability(ctx, in)
	if err != nil {
		return nil, nil, err
	}
	after := before
	if !p.Empty() {
		if in.Machine, err = planned.Machine(ctx, now, p.Backend, p.Gate); err != nil {
			return nil, nil, err
		}
		if after, err = audit.Reachability(ctx, in); err != nil {
			return nil, nil, err
		}
	}
	missing = slices.Concat(before.Missing, after.Missing)
	slices.Sort(missing)
	return audit.Compare(before, after), slices.Compact(missing), nil
}
