package enforce

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/dockwall/dockwall/internal/journal"
)

// History is the journal of what was in force, in the state directory.
func (e *Enforcer) History() journal.Journal {
	return journal.Journal{Dir: filepath.Join(e.StateDir, "history")}
}

// note appends what a plan put in force to the history. It is called under the lock, after the fact; what the history has
// as its newest entry already is not noted again. That it fails undoes nothing.
func (e *Enforcer) note(plan *Plan, why string) error {
	entry := journal.Entry{
		Header: journal.Header{Time: time.Now().UTC().Round(0), Who: e.Who, Why: why, Backend: plan.Backend.Name(),
			Gate: plan.Gate.Hash()},
		Policy: plan.Sources, Host: plan.Host,
	}
	newest, damaged := e.History().Newest()
	if newest != nil && newest.Gate == entry.Gate && newest.Backend == entry.Backend &&
		slices.Equal(newest.Policy, entry.Policy) {
		return nil
	}
	var err error
	if entry.Rules, err = plan.Backend.Render(plan.Gate, plan.Since); err == nil {
		_, err = e.History().Append(entry)
	}
	return noted(errors.Join(damaged, err))
}

// noteReset notes that nothing is in force any more.
func (e *Enforcer) noteReset(why string) error {
	newest, damaged := e.History().Last()
	if newest == nil && damaged == nil || newest != nil && newest.Empty() {
		return nil // nothing was put in force that could have gone
	}
	_, err := e.History().Append(journal.Entry{Header: journal.Header{Time: time.Now().UTC().Round(0), Who: e.Who, Why: why}})
	return noted(errors.Join(damaged, err))
}

// UnnotedError is that the rules are in force, and the history does not say so.
type UnnotedError struct{ Why error }

func (e *UnnotedError) Error() string {
	return fmt.Sprintf("what was asked for is done, but the history is not whole: %v; as long as it is not, a restart of the "+
		"machine, a rollback or a wrong policy may bring back what was in force before", e.Why)
}

// Unwrap is what was in the way.
func (e *UnnotedError) Unwrap() error { return e.Why }

func noted(err error) error {
	if err != nil {
		return &UnnotedError{err}
	}
	return nil
}
