package confirm

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dockwall/dockwall/internal/session"
)

// What to do, for all who may not confirm from where they are.
const elsewhere = "open a second ssh connection to this machine, and run `dockwall confirm` there"

// Reasons why a confirmation is not accepted. Nothing was changed.
var (
	ErrNothing = errors.New("nothing waits for its confirmation (it was confirmed, or what was in force before is back: " +
		"`dockwall history`)")
	ErrOldConnection = errors.New("not confirmed: this connection was there before the change, and a conversation that goes on " +
		"does not show that a new one can begin; " + elsewhere + " (a shared connection, as of ssh's ControlMaster, is no new one: ssh -S none)")
	ErrSameLogin = errors.New("not confirmed: this is the login from which the change was made; " + elsewhere +
		", or log in a second time at the console")
	ErrStrayed = errors.New("not confirmed: this shell was begun over ssh, and its connection is not known any more (tmux and screen " +
		"outlive it); " + elsewhere + ", outside of them")
)

// tick is the unit in which the kernel tells when processes began.
const tick = 10 * time.Millisecond

// Accepts is nil where the change may be confirmed from a login now.
func (p *Pending) Accepts(from session.Login, now Moment) error {
	switch {
	case p.Restarted(now):
		return errors.New("not confirmed: the machine was restarted since the change; `dockwall rollback` brings back what was " +
			"before it")
	case p.Due(now):
		return fmt.Errorf("not confirmed: the time for that ended at %s; what was in force before comes back",
			p.Until.Local().Format(time.DateTime))
	case from.Connection != nil && time.Duration(from.Connection.Began)*tick <= p.Armed:
		return ErrOldConnection
	case from.Connection != nil:
		return nil
	case from.Strayed:
		return ErrStrayed
	case slices.ContainsFunc(from.Leaders, func(m session.Mark) bool { return slices.Contains(p.Login.Leaders, m) }):
		return ErrSameLogin
	}
	return nil
}

// UnconfirmedError is that something cannot be done while a change waits for its confirmation.
type UnconfirmedError struct {
	*Pending
	Now Moment
}

func (e *UnconfirmedError) Error() string {
	if e.Due(e.Now) {
		return fmt.Sprintf("nothing was changed: the change of %s was not confirmed in time, and what was before is not back yet: "+
			"go back first (dockwall rollback)", e.At.Local().Format(time.DateTime))
	}
	return fmt.Sprintf("nothing was changed: a change that is not confirmed is in force until %s: confirm it first (dockwall confirm, "+
		"over a new connection), or go back (dockwall rollback)", e.Until.Local().Format(time.DateTime))
}
