package enforce

import (
	"context"
	"errors"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/iptables"
	"github.com/dockwall/dockwall/internal/policy"
)

// Wanted is a policy that was loaded, and a host that was looked at, by somebody who watches both.
type Wanted struct {
	Policy   *policy.Policy
	Problems policy.Problems // what loading the policy said
	Sources  []policy.Source
	Host     *host.Host
	// Fresh tells whether the files still say what they said when they were loaded. It is asked under the lock, where no apply
	// can come between. nil: that makes no difference.
	Fresh func() bool
}

// ErrStale is that the files changed between the look at them and the lock: what was wanted is not wanted any more.
var ErrStale = errors.New("the policy's files changed while this was prepared, and nothing was done: look again")

// ErrReset is that somebody has opened the host on purpose: nothing is kept in force until an apply.
var ErrReset = errors.New("nothing is in force since `dockwall reset` (or a first change that nobody confirmed), " +
	"and the guard rests until `dockwall apply`")

// Keep puts it in force: Apply for those who need nobody's word. why goes to the history, if something had to be done.
// done, if not nil, sees the plan as soon as the rules are in force. After a reset it does nothing, and the error is
// ErrReset; where the files are others by now, ErrStale; where a change waits for its confirmation, or was refused it, the error is one that Held knows. The plan is
// there with every error, as far as it came.
func (e *Enforcer) Keep(ctx context.Context, w Wanted, why string, done func(*Plan)) (*Plan, error) {
	release, err := e.lock(ctx)
	if err != nil {
		return &Plan{Prepared: &Prepared{}}, err
	}
	defer release()
	if w.Fresh != nil && !w.Fresh() {
		return &Plan{Prepared: &Prepared{}}, ErrStale
	}
	if err := e.triedOut(ctx, w); err != nil {
		return &Plan{Prepared: &Prepared{}}, err
	}
	last, _ := e.History().Last() // what cannot be read was no reset
	if last != nil && last.Empty() {
		return &Plan{Prepared: &Prepared{}}, ErrReset
	}
	prepared, err := prepare(w.Policy, w.Problems, w.Host)
	prepared.Sources = w.Sources
	if err != nil {
		return &Plan{Prepared: prepared}, err
	}
	plan, err := e.plannedAnyway(ctx, prepared)
	if err != nil {
		return plan, err
	}
	if err := e.install(ctx, plan); err != nil {
		return plan, err
	}
	if done != nil {
		done(plan)
	}
	if plan.Empty() && last != nil && last.Gate == plan.Gate.Hash() {
		return plan, nil
	}
	return plan, e.note(plan, why) // what a full disk kept from the history comes there later
}

// plannedAnyway is planned, also where somebody took DOCKER-USER away with everything else: Docker makes it anew only when it
// starts, and until then docker-proxy would serve every published port to everybody. So what was in force last is put back as
// on the way up of a machine, with a DOCKER-USER, which Docker then keeps.
func (e *Enforcer) plannedAnyway(ctx context.Context, prepared *Prepared) (*Plan, error) {
	plan, err := e.planned(ctx, prepared)
	var missing *iptables.NoDockerUserError
	if !errors.As(err, &missing) {
		return plan, err
	}
	entry, _ := e.History().Newest() // one that is damaged is told where the history is continued
	if entry == nil || entry.Backend != IPTables {
		return plan, err
	}
	if failed := e.putBack(ctx, entry); failed != nil {
		return plan, errors.Join(err, failed)
	}
	e.Notice("DOCKER-USER was gone with everything in it; what was in force last is back, with a DOCKER-USER. Docker's own rules " +
		"may be gone too: it makes them anew when it starts")
	return e.planned(ctx, prepared)
}
