package enforce

import (
	"context"
	"fmt"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
)

// Plan is what would be done to put a policy in force.
type Plan struct {
	*Prepared
	Backend   backend.Backend
	Installed *backend.Installed // by this backend now; nil: nothing
	Change    backend.Change
	Obsolete  []Holding // what other backends have installed, to be removed
	Since     time.Time // when it came into force, as the kernel's rules say; zero: it did not
}

// Empty tells whether the policy is in force already.
func (p *Plan) Empty() bool { return p.Change.Empty() && len(p.Obsolete) == 0 }

// Plan says what Apply would do. It changes nothing. The plan is there with every error, as far as it came, for its
// warnings and test results.
func (e *Enforcer) Plan(ctx context.Context) (*Plan, error) {
	prepared, err := e.prepared(ctx)
	if err := e.walkTests(ctx, prepared, err); err != nil {
		return &Plan{Prepared: prepared}, err
	}
	return e.planned(ctx, prepared)
}

// planned compares a prepared policy with what is installed.
func (e *Enforcer) planned(ctx context.Context, prepared *Prepared) (*Plan, error) {
	plan := &Plan{Prepared: prepared}
	chosen, others := e.choose(ctx, prepared.Policy.Backend, prepared.Host)
	plan.Backend = chosen
	if err := plan.read(ctx); err != nil {
		return plan, err
	}
	found, err := holdings(ctx, others)
	plan.Obsolete = obsolete(found, chosen)
	return plan, err
}

// read reads what is installed by the plan's backend, and how it differs from the gate.
func (p *Plan) read(ctx context.Context) (err error) {
	if p.Installed, err = p.Backend.Read(ctx); err != nil {
		return fmt.Errorf("what is installed cannot be read: %w", err)
	}
	if p.Change, err = p.Backend.Change(p.Gate, p.Installed); err != nil {
		return fmt.Errorf("what is installed cannot be compared with the policy: %w", err)
	}
	return nil
}

// Render is the whole text that puts the policy in force, for its backend's own tool.
func (e *Enforcer) Render(ctx context.Context) (prepared *Prepared, b backend.Backend, text string, err error) {
	if prepared, err = e.prepared(ctx); err != nil {
		return prepared, nil, "", err
	}
	b, _ = e.choose(ctx, prepared.Policy.Backend, prepared.Host)
	_, _ = b.Read(ctx) // where Docker's chains are; who may not look is given what fits most hosts
	text, err = b.Render(prepared.Gate, time.Time{})
	return prepared, b, text, err
}
