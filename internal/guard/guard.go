package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/lockfile"
	"github.com/dockwall/dockwall/internal/policy"
)

// Guard keeps one machine.
type Guard struct {
	Enforcer *enforce.Enforcer
	Look     Looker
	Log      *slog.Logger
	Pace     Pace
	Around   func(Round) Round // nil: nobody wants to see rounds begin and end
	Observer Observer          // nil: nobody wants to know what rounds find and do

	good *good  // what was put in force last, perhaps by an earlier guard; nil: nothing yet
	kept *good  // what this guard left in force itself; nil: nothing yet
	said string // the trouble that was told last, so that it is told once

	report  Report    // of the round that runs
	waiting time.Time // when the first event was noticed that no round could answer yet; zero: none waits
}

// Looker says what the machine is, as *host.Collector does.
type Looker interface {
	Collect(ctx context.Context) (*host.Host, error)
	Forget()
}

// good is a policy and a host that were put in force together.
type good struct {
	enforce.Wanted
	gate string // its hash
}

// ErrRunning is that another guard keeps the machine.
var ErrRunning = errors.New("another `dockwall run` keeps this machine already")

// Run keeps the machine until the context ends. The gate stays in force after that. Its errors are those that no further
// try can mend.
func (g *Guard) Run(ctx context.Context, wakes <-chan Cause) error {
	lock, err := lockfile.Create(filepath.Join(g.Enforcer.StateDir, "run.lock"))
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := lockfile.Try(lock); err != nil {
		if errors.Is(err, lockfile.ErrTaken) {
			return ErrRunning
		}
		return err
	}
	if err := g.remember(); err != nil {
		g.Log.Warn("what was in force before cannot be read; the policy's files decide alone", "error", err)
	}
	round := Round(g.reported)
	if g.Around != nil {
		round = g.Around(round)
	}
	Loop(ctx, g.Pace, wakes, round)
	g.Log.Info("the guard ends; what is in force stays in force")
	return nil
}

// Trouble is what was told last and still is so, "" where all is well. It is for Around, between rounds.
func (g *Guard) Trouble() string { return g.said }

// remember takes the last good policy and host from the journal, for the case that the files are wrong or Docker is not
// there yet.
func (g *Guard) remember() error {
	entry, err := g.Enforcer.History().Newest()
	if err != nil || entry == nil || entry.Empty() {
		return err
	}
	p, problems := policy.LoadSources(entry.Policy)
	if err := problems.Err(); err != nil {
		return fmt.Errorf("the policy of entry %d: %w", entry.Number, err)
	}
	g.good = &good{enforce.Wanted{Policy: p, Problems: problems, Sources: entry.Policy, Host: entry.Host}, entry.Gate}
	return nil
}

// round is one look at everything. A change of the machine that needs a change of the rules is put in force; rules that
// are not as they were left are put back. It fails where the rules could not be put in force: files that are wrong, or an
// engine that is away, do not make the next repair wait.
func (g *Guard) round(ctx context.Context, causes []Cause) error {
	if causes[0].Text == Resync {
		g.Look.Forget() // a resync trusts nothing that was kept
	}
	wanted, trouble := g.wanted(ctx)
	if wanted == nil {
		g.tell(trouble)
		return trouble
	}
	err := g.keep(ctx, wanted, causes)
	var tests *enforce.TestsError
	if errors.As(err, &tests) {
		g.report.PolicyError = err
	}
	if tests != nil && g.good != nil && wanted.Policy != g.good.Policy {
		g.report.LastGood = true
		trouble = errors.Join(trouble, fmt.Errorf("the policy in force stays, because the new one is wrong: %w", err))
		old := *g.good
		old.Host, old.Fresh = wanted.Host, wanted.Fresh
		err = g.keep(ctx, &old, causes)
	}
	if errors.Is(err, enforce.ErrStale) && ctx.Err() == nil {
		return g.round(ctx, causes)
	}
	if enforce.Held(err) {
		trouble = errors.Join(trouble, err)
		err = g.hold(ctx, wanted.Host, causes)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, enforce.ErrReset):
		g.good, g.kept, g.report.Resting = nil, nil, true
		g.tell(err)
		return nil // no further try would change that
	}
	g.tell(errors.Join(trouble, err))
	var unnoted *enforce.UnnotedError
	if errors.As(err, &unnoted) {
		return nil // the rules are in force: a full disk makes no repair wait, and the next round notes it
	}
	return err
}

// hold keeps in force what the history has as its newest, on the host as it is, where the files' policy must not be: it was
// not confirmed, or another one is tried.
func (g *Guard) hold(ctx context.Context, h *host.Host, causes []Cause) error {
	g.good, g.report.LastGood = nil, true
	if err := g.remember(); err != nil || g.good == nil {
		return err
	}
	old := *g.good
	old.Host, old.Fresh = h, nil
	if err := g.keep(ctx, &old, causes); !enforce.Held(err) {
		return err
	}
	return nil // what is in force stays as it is until that is settled
}

// wanted is the policy and the host that should be in force: of what cannot be had now, the last that was good. It is nil
// where there never was any.
func (g *Guard) wanted(ctx context.Context) (*good, error) {
	var w good
	var err, trouble error
	w.Policy, w.Sources, w.Problems, err = enforce.LoadWithSources(g.Enforcer.PolicyPath)
	w.Fresh = g.unchanged(w.Sources, err)
	g.report.PolicyError = err
	if err != nil {
		if g.good == nil {
			return nil, err
		}
		g.report.LastGood = true
		trouble = fmt.Errorf("the policy in force stays, because the files are wrong: %w", err)
		w.Policy, w.Sources, w.Problems = g.good.Policy, g.good.Sources, g.good.Problems
	}
	g.report.EngineAsked = true
	if w.Host, err = g.Look.Collect(ctx); err != nil {
		var gone *host.NoEngineError
		if errors.As(err, &gone) {
			g.report.EngineError = err
		}
		if g.good == nil || gone == nil {
			return nil, errors.Join(trouble, err)
		}
		trouble = errors.Join(trouble, fmt.Errorf("the rules in force stay: %w", err))
		w.Host = g.good.Host
	}
	return &w, trouble
}

// unchanged tells, whenever it is asked, whether the policy's files say what they said.
func (g *Guard) unchanged(said []policy.Source, wrong error) func() bool {
	return func() bool {
		_, now, _, err := enforce.LoadWithSources(g.Enforcer.PolicyPath)
		return slices.Equal(now, said) && (err == nil) == (wrong == nil)
	}
}

// keep puts it in force, and tells what it took.
func (g *Guard) keep(ctx context.Context, w *good, causes []Cause) error {
	plan, err := g.Enforcer.Keep(ctx, w.Wanted, reasons(causes), func(plan *enforce.Plan) {
		g.report.Drift = g.drifted(plan)
		g.inForce(plan)
		w.gate = plan.Gate.Hash()
		before := g.kept
		g.good, g.kept = w, w
		if !plan.Empty() || before == nil {
			g.Log.Info(what(before, w, plan), "cause", reasons(causes), "changes", plan.Change.Summary,
				"backend", plan.Backend.Name())
		}
	})
	if g.report.Plan == nil && g.drifted(plan) {
		g.report.Drift = true // and it is still there
	}
	return err
}

// what says what a change was.
func what(before, now *good, plan *enforce.Plan) string {
	switch {
	case before == nil && plan.Empty():
		return "in force already, as the policy says"
	case before == nil:
		return "put in force"
	case before.gate == now.gate && plan.Installed == nil:
		return "everything in force was removed by somebody else, and is back"
	case before.gate == now.gate:
		return "what was in force was changed by somebody else, and is back"
	}
	return "brought up to date"
}

// reasons are the causes for people, each once, the first few.
func reasons(causes []Cause) string {
	const most = 3
	var texts []string
	seen := map[string]bool{}
	for _, c := range causes {
		if !seen[c.Text] {
			seen[c.Text] = true
			texts = append(texts, c.Text)
		}
	}
	if len(texts) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(texts[:most], "; "), len(texts)-most)
	}
	return strings.Join(texts, "; ")
}

// tell logs trouble, once for as long as it stays the same, and its end.
func (g *Guard) tell(trouble error) {
	g.report.Trouble = trouble
	text := ""
	if trouble != nil {
		text = trouble.Error()
	}
	switch {
	case text == g.said:
	case text == "":
		g.Log.Info("all is well again")
	default:
		g.Log.Error(text)
	}
	g.said = text
}
