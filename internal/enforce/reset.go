package enforce

import (
	"context"
	"errors"
	"fmt"
)

// Reset removes everything that dockwall has installed, by whichever backend, and says what that was. agree sees it
// first, unless there is nothing, and may refuse it with an error. It needs neither a policy nor Docker.
func (e *Enforcer) Reset(ctx context.Context, agree func([]Holding) error) ([]Holding, error) {
	release, err := e.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	found, err := holdings(ctx, e.Machine.Backends(nil))
	if err != nil {
		return nil, err
	}
	if len(found) > 0 {
		if err := agree(found); err != nil {
			return nil, err
		}
	}
	if err := e.remove(context.WithoutCancel(ctx), found); err != nil {
		return found, err
	}
	store := e.Waiting() // who opens the host on purpose wants nothing to come back
	return found, errors.Join(store.Drop(), store.Forgive(), e.noteReset("reset"))
}

// remove goes on after an error: what can be removed is.
func (e *Enforcer) remove(ctx context.Context, found []Holding) error {
	var errs []error
	for _, f := range found {
		if err := f.Backend.Remove(ctx); err != nil {
			errs = append(errs, fmt.Errorf("the rules of the %s backend could not be removed: %w", f.Backend.Name(), err))
		}
	}
	if err := e.Machine.Signpost().Remove(ctx); err != nil {
		errs = append(errs, fmt.Errorf("the signpost in DOCKER-USER could not be removed: %w", err))
	}
	return errors.Join(errs...)
}
