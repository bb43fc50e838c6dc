package enforce

import (
	"context"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// Keep puts a loaded policy in force on a host that was just looked at: Apply for those who watch both themselves and
// need nobody's word. problems is what loading the policy said. done, if not nil, sees the plan under the lock, after it
// was carried out or found to be empty. The plan is there with every error, as far as it came.
func (e *Enforcer) Keep(ctx context.Context, p *policy.Policy, problems policy.Problems, h *host.Host,
	done func(*Plan) error) (*Plan, error) {
	release, err := e.lock(ctx)
	if err != nil {
		return &Plan{Prepared: &Prepared{}}, err
	}
	defer release()
	prepared, err := prepare(p, problems, h)
	if err != nil {
		return &Plan{Prepared: prepared}, err
	}
	plan, err := e.planned(ctx, prepared)
	if err != nil {
		return plan, err
	}
	if err := e.install(ctx, *plan); err != nil || done == nil {
		return plan, err
	}
	return plan, done(plan)
}
