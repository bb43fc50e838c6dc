package enforce

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dockwall/dockwall/internal/confirm"
	"github.com/dockwall/dockwall/internal/session"
)

// Arming is how the way back of a change is armed before it is made.
type Arming struct {
	Within time.Duration // to confirm it
	Login  session.Login // that makes the change
	Start  func(context.Context, confirm.Store, *confirm.Pending) error
	Armed  *confirm.Pending // set when it was: where nothing changes, it is not
}

// Waiting is where a change that waits for its confirmation is kept.
func (e *Enforcer) Waiting() confirm.Store { return confirm.Store{Dir: e.StateDir} }

// settled is an error while a change waits for its confirmation: another one on top of it would leave nobody knowing what
// comes back.
func (e *Enforcer) settled() error {
	p, err := e.Waiting().Load()
	if err != nil || p == nil {
		return err
	}
	now, err := confirm.Now()
	return errors.Join(err, &confirm.UnconfirmedError{Pending: p, Now: now})
}

// arm writes the way back down, and has it watched, before the plan is done. Where that fails nothing stays of it.
func (e *Enforcer) arm(ctx context.Context, plan *Plan, a *Arming) error {
	now, err := confirm.Now()
	if err != nil {
		return err
	}
	p := confirm.New(now, a.Within, a.Login, e.Who)
	p.Policy, p.Draft = confirm.Hash(plan.Sources), e.Draft
	if err := e.wayBack(plan, p); err != nil {
		return err
	}
	store := e.Waiting()
	if err := store.Save(p); err != nil {
		return fmt.Errorf("nothing was changed, because the way back cannot be kept: %w", err)
	}
	if err := a.Start(ctx, store, p); err != nil {
		return errors.Join(err, store.Drop())
	}
	a.Armed = p
	return nil
}

// wayBack says what comes back: the newest entry of the history. Rules that the history does not have cannot be put back.
func (e *Enforcer) wayBack(plan *Plan, p *confirm.Pending) error {
	newest, err := e.History().Newest()
	installed := plan.Installed != nil || len(plan.Obsolete) > 0
	switch {
	case err != nil:
		return fmt.Errorf("nothing was changed: what is in force could not be put back, because the history is not whole: %w", err)
	case newest != nil && !newest.Empty():
		p.Entry = newest
	case installed:
		return errors.New("nothing was changed: the history does not have the rules that are in force, so they could not be put " +
			"back; without --confirm it would go")
	}
	return nil
}

// Confirm leaves the pending change in force, and writes the draft that it is of. from is the login that asks for it.
func (e *Enforcer) Confirm(ctx context.Context, from session.Login) (*confirm.Pending, error) {
	release, err := e.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	store := e.Waiting()
	p, err := store.Load()
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, confirm.ErrNothing
	}
	now, err := confirm.Now()
	if err != nil {
		return nil, err
	}
	if err := p.Accepts(from, now); err != nil {
		return nil, err
	}
	if p.Draft != nil {
		if err := p.Draft.Write(); err != nil {
			return nil, fmt.Errorf("not confirmed: %w", err)
		}
	}
	return p, errors.Join(store.Forgive(), store.Drop())
}

// triedOut checks, for Keep, whether a policy may be in force now: not one that was refused, and no other one than the one
// that is tried. What is due goes back first.
func (e *Enforcer) triedOut(ctx context.Context, w Wanted) error {
	store := e.Waiting()
	p, err := store.Load()
	if err != nil {
		return err
	}
	hash := confirm.Hash(w.Sources)
	if p == nil {
		refused, err := store.Refused()
		if err == nil && refused != nil && refused.Policy == hash {
			return &RefusedError{refused.At}
		}
		return err
	}
	now, err := confirm.Now()
	if err != nil {
		return err
	}
	if p.Due(now) {
		returned, err := e.goBack(ctx, p, notConfirmed)
		if err != nil {
			return err
		}
		return &ReturnedError{returned}
	}
	if p.Policy != hash {
		return &confirm.UnconfirmedError{Pending: p, Now: now}
	}
	return nil
}

// RefusedError is that a policy was in force and nobody confirmed it.
type RefusedError struct{ At time.Time }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the policy in the files was not confirmed and went out of force at %s: what was in force before stays, until the "+
		"files change or somebody puts them in force (dockwall apply)", e.At.Local().Format(time.DateTime))
}

// ReturnedError is that Keep found a change that was not confirmed in time, and went back.
type ReturnedError struct{ *Returned }

func (e *ReturnedError) Error() string { return e.Text() }

// Held tells whether the error says that the files' policy must not be in force now, and the one before must.
func Held(err error) bool {
	var refused *RefusedError
	var returned *ReturnedError
	var unconfirmed *confirm.UnconfirmedError
	return errors.As(err, &refused) || errors.As(err, &returned) || errors.As(err, &unconfirmed)
}

// refuse remembers the policy that was tried, unless it is the one that comes back: then something else was changed.
func (e *Enforcer) refuse(p *confirm.Pending) error {
	if p.Entry != nil && confirm.Hash(p.Entry.Policy) == p.Policy {
		return nil
	}
	return e.Waiting().Refuse(confirm.Refused{Policy: p.Policy, At: time.Now().Round(0)})
}
