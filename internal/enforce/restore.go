package enforce

import (
	"context"
	"errors"
	"fmt"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/journal"
)

// Restored says what Restore did. Damaged is there with every error and without one.
type Restored struct {
	Entry   *journal.Entry // the newest of the history that can be read; nil: there is none
	Already []string       // backends that had rules installed, so that nothing was changed
	Damaged error          // newer entries that cannot be read
	Back    *Returned      // a change that was not confirmed before the machine restarted, and what came back; nil: none
}

// Restore puts back what was in force last, or where that was never confirmed what was before it, from the history alone:
// it needs neither Docker nor a policy, and nothing is tested, because it was in force. Where anything of dockwall's is
// installed, or the last that happened is a reset, nothing is changed.
func (e *Enforcer) Restore(ctx context.Context) (Restored, error) {
	release, err := e.lock(ctx)
	if err != nil {
		return Restored{}, err
	}
	defer release()
	back, unreturned := e.restarted(ctx)
	if back != nil {
		return Restored{Back: back}, nil
	}
	r, err := e.restore(ctx)
	return r, errors.Join(unreturned, err)
}

// restore is Restore under the lock.
func (e *Enforcer) restore(ctx context.Context) (r Restored, err error) {
	r.Entry, r.Damaged = e.History().Newest()
	switch {
	case r.Entry == nil && r.Damaged != nil:
		return r, fmt.Errorf("nothing was put back, because nothing in the history can be read: %w", r.Damaged)
	case r.Entry == nil || r.Entry.Empty():
		return r, nil
	}
	if r.Already, err = e.alreadyThere(ctx, r.Entry); err != nil || len(r.Already) > 0 {
		return r, err
	}
	return r, e.putBack(ctx, r.Entry)
}

// alreadyThere are the backends that have rules installed. Sets without rules, which an interrupted restore leaves, guard
// nothing.
func (e *Enforcer) alreadyThere(ctx context.Context, entry *journal.Entry) ([]string, error) {
	found, err := holdings(ctx, e.Machine.Backends(entry.Host))
	var names []string
	for _, h := range found {
		if h.Installed.Guards() {
			names = append(names, h.Backend.Name())
		}
	}
	return names, err
}

// putBack installs the entry's rules, and looks whether they are there.
func (e *Enforcer) putBack(ctx context.Context, entry *journal.Entry) error {
	b, err := e.backendOf(entry)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // what has begun is not left half done
	if err := b.Restore(ctx, entry.Rules); err != nil {
		return fmt.Errorf("the rules of entry %d of the history could not be put back: %w", entry.Number, err)
	}
	installed, err := b.Read(ctx)
	if err == nil && installed == nil {
		err = errors.New("nothing is there")
	}
	if err != nil {
		return fmt.Errorf("the rules of entry %d were put back, but could not be looked at afterwards: %w", entry.Number, err)
	}
	return nil
}

// backendOf is the backend that the entry was rendered for, on the machine as it was then.
func (e *Enforcer) backendOf(entry *journal.Entry) (backend.Backend, error) {
	for _, b := range e.Machine.Backends(entry.Host) {
		if b.Name() == entry.Backend {
			return b, nil
		}
	}
	return nil, fmt.Errorf("entry %d of the history is for the backend %q, which this dockwall does not have", entry.Number,
		entry.Backend)
}
