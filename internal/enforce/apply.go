package enforce

import (
	"context"
	"errors"
	"fmt"
)

// Apply puts the policy in force. agree sees the plan, unless there is nothing to do, and may refuse it with an error.
// The plan is there with every error, as far as it came.
func (e *Enforcer) Apply(ctx context.Context, agree func(*Plan) error) (*Plan, error) {
	return e.ApplyArmed(ctx, agree, nil)
}

// ApplyArmed is Apply with a way back, which is armed before anything changes; nil: without one. While a change waits for
// its confirmation there is no other one.
func (e *Enforcer) ApplyArmed(ctx context.Context, agree func(*Plan) error, a *Arming) (*Plan, error) {
	release, err := e.lock(ctx)
	if err != nil {
		return &Plan{Prepared: &Prepared{}}, err
	}
	defer release()
	if err := e.settled(); err != nil {
		return &Plan{Prepared: &Prepared{}}, err
	}
	plan, err := e.Plan(ctx)
	if err != nil {
		return plan, err
	}
	if !plan.Empty() {
		if err := agree(plan); err != nil {
			return plan, err
		}
	}
	if err := e.installArmed(ctx, plan, a); err != nil {
		return plan, err
	}
	return plan, e.note(plan, "apply")
}

// installArmed installs what was agreed to. What is in force without waiting for a word is not refused any more.
func (e *Enforcer) installArmed(ctx context.Context, plan *Plan, a *Arming) error {
	if a == nil || plan.Empty() {
		if err := e.install(ctx, *plan); err != nil {
			return err
		}
		return errors.Join(e.Waiting().Forgive(), e.writeDraft())
	}
	if err := rehearse(ctx, *plan); err != nil {
		return err
	}
	if err := e.arm(ctx, plan, a); err != nil {
		return err
	}
	if err := e.change(ctx, *plan); err != nil {
		return fmt.Errorf("%w; the way back stays armed, and brings back what was in force before (at once: dockwall rollback)", err)
	}
	return nil
}

// writeDraft writes a draft that changes no rule: there is nothing to wait for.
func (e *Enforcer) writeDraft() error {
	if e.Draft == nil {
		return nil
	}
	return e.Draft.Write()
}

// waiting says why nothing happens.
func (e *Enforcer) waiting(path string) {
	e.Notice(fmt.Sprintf("another dockwall is at work (it has %s); waiting for it to end", path))
}

// install does what the plan says, behind a rehearsal.
func (e *Enforcer) install(ctx context.Context, plan Plan) error {
	if err := rehearse(ctx, plan); err != nil {
		return err
	}
	return e.change(ctx, plan)
}

// rehearse loads the plan's rules where they harm nobody.
func rehearse(ctx context.Context, plan Plan) error {
	if plan.Change.Empty() {
		return nil
	}
	if err := plan.Backend.Rehearse(ctx, plan.Gate); err != nil {
		return fmt.Errorf("the rules failed their rehearsal, and nothing was changed: %w", err)
	}
	return nil
}

// change does what the plan says: the new rules first, then the old ones of another backend go.
func (e *Enforcer) change(ctx context.Context, plan Plan) error {
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

// replace puts the change in force, and looks whether the kernel now holds exactly that.
func replace(ctx context.Context, plan Plan) error {
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
