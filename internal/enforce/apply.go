package enforce

import (
	"context"
	"fmt"
)

// Apply puts the policy in force. agree sees the plan, unless there is nothing to do, and may refuse it with an error.
// The plan is there with every error, as far as it came.
func (e *Enforcer) Apply(ctx context.Context, agree func(*Plan) error) (*Plan, error) {
	release, err := e.lock(ctx)
	if err != nil {
		return &Plan{Prepared: &Prepared{}}, err
	}
	defer release()
	plan, err := e.Plan(ctx)
	if err != nil {
		return plan, err
	}
	if !plan.Empty() {
		if err := agree(plan); err != nil {
			return plan, err
		}
	}
	if err := e.install(ctx, *plan); err != nil {
		return plan, err
	}
	return plan, e.note(plan, "apply")
}

// waiting says why nothing happens.
func (e *Enforcer) waiting(path string) {
	e.Notice(fmt.Sprintf("another dockwall is at work (it has %s); waiting for it to end", path))
}

// install does what the plan says: the new rules first, then the old ones of another backend go.
func (e *Enforcer) install(ctx context.Context, plan Plan) error {
	if !plan.Change.Empty() {
		if err := replace(ctx, plan); err != nil {
			return err
		}
	}
	for _, old := range plan.Obsolete {
		if err := old.Backend.Remove(ctx); err != nil {
			return fmt.Errorf("the policy is in force, but the rules of the %s backend could not be removed: %w",
				old.Backend.Name(), err)
		}
	}
	return e.signpost(ctx, plan)
}

// replace rehearses the gate, puts the change in force, and looks whether the kernel now holds exactly that.
func replace(ctx context.Context, plan Plan) error {
	if err := plan.Backend.Rehearse(ctx, plan.Gate); err != nil {
		return fmt.Errorf("the rules failed their rehearsal, and nothing was changed: %w", err)
	}
	ctx = context.WithoutCancel(ctx) // what has begun is not left half done
	if err := plan.Backend.Apply(ctx, plan.Change); err != nil {
		return err
	}
	if err := plan.read(ctx); err != nil {
		return fmt.Errorf("the rules were installed, but could not be looked at afterwards: %w", err)
	}
	if !plan.Change.Empty() {
		return fmt.Errorf("the rules were installed, but the kernel does not hold what the policy says (%s): something else "+
			"changes them; look again with: dockwall plan", plan.Change.Summary)
	}
	return nil
}

// signpost keeps the rule in DOCKER-USER in step with the backend: only nftables rules stand where nobody would look.
func (e *Enforcer) signpost(ctx context.Context, plan Plan) error {
	signpost := e.Machine.Signpost()
	if plan.Backend.Name() == NFTables {
		return signpost.Install(ctx, plan.Host)
	}
	return signpost.Remove(ctx)
}
