package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/broadcast"
	"github.com/dockwall/dockwall/internal/confirm"
	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/session"
	"github.com/dockwall/dockwall/internal/watch"
)

const confirmHelp = `Keeps in force what "dockwall apply --confirm TIME" has put in force. It is accepted over a new connection
only: an ssh connection that began after the change, or on a machine without ssh another login than the
one that made the change. Otherwise nothing is changed, and what was in force before comes back in time.

Exit code 0: confirmed; 1: not confirmed, and the message says why.`

// awaiter is the verb that waits for a confirmation. It is for dockwall itself.
const awaiter = "await-confirm"

func (a *app) confirmVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "confirm",
		Short: "Keep what apply --confirm has put in force",
		Long:  confirmHelp,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.needHost(c); err != nil {
				return err
			}
			return a.confirm(c)
		},
	}
}

// pendingView is a change that waits for its confirmation, for programs.
type pendingView struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Until  time.Time `json:"until"`
	BackTo int       `json:"back_to,omitempty"` // the entry of the history that comes back; 0: nothing was in force
}

func pendingOf(p *confirm.Pending) *pendingView {
	if p == nil {
		return nil
	}
	view := &pendingView{By: p.Who, At: p.At, Until: p.Until}
	if p.Entry != nil {
		view.BackTo = p.Entry.Number
	}
	return view
}

func (a *app) confirm(c *cobra.Command) error {
	e, err := a.enforcer()
	if err != nil {
		return err
	}
	from, err := session.Live().Of(os.Getpid())
	if err != nil {
		return err
	}
	p, err := e.Confirm(c.Context(), from)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(struct {
			Confirmed *pendingView `json:"confirmed"`
		}{pendingOf(p)})
	}
	a.say("confirmed: the change of " + p.At.Local().Format(time.DateTime) + " stays in force")
	return nil
}

// arming is the way back of an apply; nil for within 0.
func (a *app) arming(within time.Duration) (*enforce.Arming, error) {
	if within == 0 {
		return nil, nil
	}
	login, err := session.Live().Of(os.Getpid())
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("nothing was changed: where dockwall's program is cannot be told: %w", err)
	}
	if a.stateDir, err = filepath.Abs(a.stateDir); err != nil {
		return nil, err
	}
	return &enforce.Arming{Within: within, Login: login, Start: func(ctx context.Context, s confirm.Store, p *confirm.Pending) error {
		command := []string{program, awaiter, p.ID, "--state-dir", s.Dir}
		starter := confirm.Starter{Systemd: confirm.SystemdRuns, Network: confirm.SystemdNetwork, Command: command, Notice: a.say}
		return starter.Start(ctx, s, p)
	}}, nil
}

// awaitVerb waits for the confirmation of one change, and goes back without it.
func (a *app) awaitVerb() *cobra.Command {
	return &cobra.Command{
		Use:    awaiter + " CHANGE",
		Short:  "Wait for a confirmation, and go back without it; dockwall apply --confirm starts it",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.needHost(c); err != nil {
				return err
			}
			signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT) // the end of a login is not the end of this
			return a.await(c.Context(), args[0])
		},
	}
}

func (a *app) await(ctx context.Context, id string) error {
	log := newLogger(a.stderr, a.json)
	e, err := a.enforcer()
	if err != nil {
		return err
	}
	e.Who, e.Notice, e.Tell = "dockwall "+awaiter, func(text string) { log.Info(text) }, crier(log)
	return e.Waiting().Watch(ctx, id, func(ctx context.Context) error {
		r, err := e.GoBack(ctx, id)
		if r != nil {
			log.Warn(r.Text(), "after the deadline", r.Late)
			if r.Unnoted != nil {
				log.Error("the old rules are back, but not all of that could be written down", "error", r.Unnoted)
			}
		}
		return err
	}, log)
}

// crier tells everyone who is logged in, and logs who could not be told.
func crier(log *slog.Logger) func(string) {
	return func(text string) {
		if err := broadcast.Live().Tell(context.Background(), text); err != nil {
			log.Warn(err.Error())
		}
	}
}

// overdue wakes the guard while a change is past its time: whoever was to go back may have been killed.
func (a *app) overdue(ctx context.Context, wake watch.Wake) error {
	store := confirm.Store{Dir: a.stateDir}
	return every(ctx, time.Second, func() {
		p, err := store.Load()
		now, clock := confirm.Now()
		if err == nil && clock == nil && p != nil && p.Due(now) {
			wake("a change was not confirmed in time")
		}
	})
}
