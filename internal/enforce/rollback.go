package enforce

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/dockwall/dockwall/internal/atomicfile"
	"github.com/dockwall/dockwall/internal/journal"
	"github.com/dockwall/dockwall/internal/policy"
)

// UnkeptError is that the policy's files hold what was never in force: writing over them would lose it.
type UnkeptError struct{ Path string }

func (e *UnkeptError) Error() string {
	return fmt.Sprintf("%s was changed since it was last in force, and going back would lose that: put it in force first "+
		"(dockwall apply), or keep a copy and undo the change", e.Path)
}

// Rollback writes the policy of an entry of the history back into its files, and puts it in force on the host as it is
// now. What the files hold must be in the history. agree sees the plan with the old policy, before anything is written.
func (e *Enforcer) Rollback(ctx context.Context, entry *journal.Entry, agree func(*Plan) error) (*Plan, error) {
	release, err := e.lock(ctx)
	if err != nil {
		return &Plan{Prepared: &Prepared{}}, err
	}
	defer release()
	if err := e.settled(); err != nil {
		return &Plan{Prepared: &Prepared{}}, err
	}
	now, err := e.kept()
	if err != nil {
		return &Plan{Prepared: &Prepared{}}, err
	}
	plan, err := e.planEntry(ctx, entry)
	if err != nil {
		return plan, err
	}
	if err := agree(plan); err != nil {
		return plan, err
	}
	if err := replaceSources(now, entry.Policy); err != nil {
		return plan, err
	}
	if err := e.install(ctx, plan); err != nil {
		return plan, err
	}
	return plan, e.note(plan, fmt.Sprintf("rollback to %d", entry.Number))
}

// planEntry is the plan with an entry's policy on the host as it is.
func (e *Enforcer) planEntry(ctx context.Context, entry *journal.Entry) (*Plan, error) {
	p, problems := policy.LoadSources(entry.Policy)
	if err := problems.Err(); err != nil {
		return &Plan{Prepared: &Prepared{}}, fmt.Errorf("the policy of entry %d: %w", entry.Number, err)
	}
	prepared, err := e.check(ctx, p, problems)
	prepared.Sources = entry.Policy
	if err != nil {
		return &Plan{Prepared: prepared}, err
	}
	return e.planned(ctx, prepared)
}

// kept are the policy's texts as they are now, if the history has every one of them.
func (e *Enforcer) kept() ([]policy.Source, error) {
	_, now, _, err := LoadWithSources(e.PolicyPath)
	var none *NoPolicyError
	if errors.As(err, &none) {
		return nil, nil // nothing to lose
	}
	headers, err := e.History().Headers()
	for _, h := range headers {
		entry, err := e.History().Entry(h.Number)
		if err == nil && slices.Equal(entry.Policy, now) {
			return now, nil
		}
	}
	return nil, errors.Join(&UnkeptError{e.PolicyPath}, err)
}

// replaceSources writes the old texts, and removes files of the policy that it did not have. Sets' files that it does not
// name stay: they may be others'.
func replaceSources(now, old []policy.Source) error {
	for _, s := range old {
		if slices.Contains(now, s) {
			continue
		}
		if err := atomicfile.Write(s.Path, []byte(s.Text), atomicfile.Keep); err != nil {
			return err
		}
	}
	for _, s := range now {
		had := slices.ContainsFunc(old, func(o policy.Source) bool { return o.Path == s.Path })
		if had || s.Set {
			continue
		}
		if err := os.Remove(s.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("a file that the old policy did not have is still there: %w", err)
		}
	}
	return nil
}
