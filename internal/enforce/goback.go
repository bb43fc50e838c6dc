package enforce

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/confirm"
	"github.com/dockwall/dockwall/internal/journal"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/wording"
)

// Why a change went, for the history and for people.
const (
	notConfirmed = "not confirmed in time"
	wasRestarted = "the machine was restarted before it was confirmed"
	taken        = "rollback before it was confirmed"
)

// Returned is a change that is gone, and what is in force again.
type Returned struct {
	*confirm.Pending
	Why     string
	Late    time.Duration // between the deadline and the old rules in the kernel; negative: before it
	Unnoted error         // what could not be written down of it: the kernel has the old rules all the same
}

// Text is what everyone is told.
func (r *Returned) Text() string {
	what := "nothing is in force, as before: every published port is as open as Docker makes it"
	if r.Entry != nil {
		what = fmt.Sprintf("what was in force before is back (entry %d of the history)", r.Entry.Number)
	}
	return wording.Printable(fmt.Sprintf("dockwall: the change of %s by %s is gone (%s): %s. The policy's files were left as they are.",
		r.At.Local().Format(time.DateTime), r.Who, r.Why, what))
}

// GoBack puts back what was in force before the pending change. id is the one whose time is over; "" is whichever there
// is, because somebody wants it gone. Where there is none (any more) it is nil.
func (e *Enforcer) GoBack(ctx context.Context, id string) (*Returned, error) {
	release, err := e.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	p, err := e.Waiting().Load()
	if err != nil || p == nil || id != "" && p.ID != id {
		return nil, err
	}
	why := taken
	if id != "" {
		why = notConfirmed
	}
	return e.goBack(ctx, p, why)
}

// goBack is called under the lock. The kernel comes first: what cannot be written down afterwards opens nothing. The
// pending change is dropped last, so that whoever finds it after a crash goes back once more, to the same.
func (e *Enforcer) goBack(ctx context.Context, p *confirm.Pending, why string) (*Returned, error) {
	ctx = context.WithoutCancel(ctx) // what has begun is not left half done
	if err := e.bringBack(ctx, p.Entry); err != nil {
		return nil, fmt.Errorf("a change was not confirmed, and what was in force before could not be put back: %w", err)
	}
	r := &Returned{Pending: p, Why: why}
	if now, err := confirm.Now(); err == nil && !p.Restarted(now) {
		r.Late = now.Since - p.Deadline
	}
	if r.Unnoted = errors.Join(e.noteReturn(p.Entry, why), e.refuse(p)); r.Unnoted == nil {
		r.Unnoted = e.Waiting().Drop()
	}
	if e.Tell != nil {
		e.Tell(r.Text())
	}
	return r, nil
}

// noteReturn makes what came back the newest entry of the history: it is what a boot restores, and what the guard keeps.
func (e *Enforcer) noteReturn(entry *journal.Entry, why string) error {
	if entry == nil {
		return e.noteReset(why + ": nothing in force, as before")
	}
	again := *entry
	again.Time, again.Who, again.Why = time.Now().UTC().Round(0), e.Who, fmt.Sprintf("%s: back to %d", why, entry.Number)
	_, err := e.History().Append(again)
	return err
}

// restarted goes back where the machine was restarted while a change was not confirmed. nil: there was none.
func (e *Enforcer) restarted(ctx context.Context) (*Returned, error) {
	p, err := e.Waiting().Load()
	if err != nil || p == nil {
		return nil, err
	}
	now, err := confirm.Now()
	if err != nil || !p.Restarted(now) {
		return nil, err
	}
	return e.goBack(ctx, p, wasRestarted)
}

// bringBack puts an entry's rules in force, whatever is installed, and then removes what other backends have; nil is the
// host without any rules.
func (e *Enforcer) bringBack(ctx context.Context, entry *journal.Entry) error {
	if entry == nil {
		found, err := holdings(ctx, e.Machine.Backends(nil))
		return errors.Join(err, e.remove(ctx, found))
	}
	b, err := e.backendOf(entry)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(e.Machine.Backends(entry.Host), func(o backend.Backend) bool {
		return o.Name() == b.Name()
	})
	if err := e.replaceBy(ctx, entry, b); err != nil {
		return err
	}
	found, err := holdings(ctx, others)
	for _, old := range obsolete(found, b) {
		err = errors.Join(err, old.Backend.Remove(ctx))
	}
	return errors.Join(err, e.signpost(ctx, Plan{Prepared: &Prepared{Host: entry.Host}, Backend: b}))
}

// replaceBy puts an entry's rules in force: where nothing is installed, as a boot does; else as an apply does, in one
// transaction that leaves alone what both have in common.
func (e *Enforcer) replaceBy(ctx context.Context, entry *journal.Entry, b backend.Backend) error {
	installed, err := b.Read(ctx)
	if err != nil {
		return fmt.Errorf("what is installed cannot be read: %w", err)
	}
	if installed == nil {
		return e.putBack(ctx, entry)
	}
	change := compiledAgain(entry, b, installed)
	if change != nil && (change.Empty() || b.Apply(ctx, *change) == nil) {
		return nil
	}
	if b.Name() == IPTables { // its rendered rules are for a host that has none
		if err := b.Remove(ctx); err != nil {
			return err
		}
	}
	return e.putBack(ctx, entry)
}

// compiledAgain is the change to an entry's gate, compiled for the host as it was then. nil: the rules as they were rendered
// are all there is, because this dockwall would make others, or cannot tell how the kernel words them.
func compiledAgain(entry *journal.Entry, b backend.Backend, installed *backend.Installed) *backend.Change {
	p, problems := policy.LoadSources(entry.Policy)
	if problems.Err() != nil || entry.Host == nil {
		return nil
	}
	prepared, err := prepare(p, problems, entry.Host)
	if err != nil || prepared.Gate.Hash() != entry.Gate {
		return nil
	}
	change, err := b.Change(prepared.Gate, installed)
	if err != nil {
		return nil
	}
	return &change
}
