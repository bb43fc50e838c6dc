package guard

import (
	"context"
	"time"

	"github.com/dockwall/dockwall/internal/enforce"
)

// Observer is told what the guard does. The guard calls it between looking and waiting, one call at a time: it must not
// block, and nothing that it does changes what the guard does.
type Observer interface {
	RoundBegins(at time.Time)
	RoundEnds(Report)
}

// Report is what one round found and did.
type Report struct {
	Began, Ended time.Time
	Err          error // why the rules could not be put in force, so that there will be another try
	Trouble      error // all that people were told, what needs no other try too; nil: all is well

	PolicyError error // the files are wrong, missing, or a test of theirs fails; nil: they are good
	LastGood    bool  // the policy in force is not that of the files, but the last good one
	EngineAsked bool
	EngineError error // why Docker did not answer, if it was asked
	Resting     bool  // nothing is in force, because of a reset

	Drift    bool          // what the guard left in force was found to be changed by somebody else
	Plan     *enforce.Plan // is in force; nil: it could not be put in force. It is large: not to be kept.
	Noticed  time.Time     // when the first event was noticed that the change answers; zero: no event asked for it
	Enforced time.Time     // when the change was in force; zero: nothing was to be changed
}

// reported is round for those who want to know of it.
func (g *Guard) reported(ctx context.Context, causes []Cause) error {
	g.report = Report{Began: time.Now()}
	g.waiting = earlier(g.waiting, firstEvent(causes))
	if g.Observer != nil {
		g.Observer.RoundBegins(g.report.Began)
	}
	err := g.round(ctx, causes)
	if err == nil {
		g.waiting = time.Time{} // whatever the events meant, nothing is left to be done
	}
	if g.Observer != nil && ctx.Err() == nil { // a round that was interrupted says nothing
		g.report.Ended, g.report.Err = time.Now(), err
		g.Observer.RoundEnds(g.report)
	}
	g.report = Report{} // its plan is large
	return err
}

// inForce notes what was put in force, or was so already.
func (g *Guard) inForce(plan *enforce.Plan) {
	g.report.Plan = plan
	if !plan.Empty() {
		g.report.Enforced, g.report.Noticed = time.Now(), g.waiting
		g.waiting = time.Time{}
	}
}

// drifted tells whether a plan undoes what somebody else did to what this guard left in force.
func (g *Guard) drifted(plan *enforce.Plan) bool {
	return g.kept != nil && plan.Gate != nil && plan.Backend != nil && !plan.Empty() && g.kept.gate == plan.Gate.Hash()
}

// firstEvent is when the first of the causes was noticed that is an event, and not the guard's own wish to look; zero:
// there is none.
func firstEvent(causes []Cause) (first time.Time) {
	for _, c := range causes {
		if c.Text != Start && c.Text != Resync && c.Text != Retry {
			first = earlier(first, c.At)
		}
	}
	return first
}

// earlier is the earlier of two times that are not zero.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
