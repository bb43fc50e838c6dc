package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/confirm"
	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/policy"
)

const applyHelp = `Puts the policy in force: runs its tests, shows what will change, asks (unless --yes), loads the
rules into a throwaway network namespace, installs them in one transaction, and looks whether the
kernel holds them.

Where nothing changes, nothing is written. Where anything goes wrong, the rules in force stay in force.
Conversations that the policy no longer allows are cut at once; all others go on.

With --confirm TIME the way back is armed before anything changes: unless "dockwall confirm" comes over a
new connection within that time, what was in force before comes back by itself, also if dockwall is
killed, the login ends, or the machine restarts, and everyone logged in is told.

With --try FILE this is done with a file's text in place of that of the policy file, which stays as it is
until "dockwall confirm" writes it there. A running guard then keeps the trial, too, and does not put it
in force by itself before.`

func (a *app) applyVerb() *cobra.Command {
	var how applying
	var within, file string
	c := &cobra.Command{
		Use:   "apply",
		Short: "Put the policy in force",
		Long:  applyHelp,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.needHost(c); err != nil {
				return err
			}
			if err := how.readWithin(c, within); err != nil {
				return err
			}
			if err := how.readDraft(c, a.policyPath, file); err != nil {
				return err
			}
			return a.apply(c, how)
		},
	}
	c.Flags().BoolVarP(&how.yes, "yes", "y", false, "do not ask")
	confirmFlag(c, &within)
	c.Flags().StringVar(&file, "try", "", "with --confirm: this `FILE`'s text in place of the policy file's, which gets it when it is confirmed")
	return c
}

func confirmFlag(c *cobra.Command, within *string) {
	c.Flags().StringVar(within, "confirm", "", "go back, unless dockwall confirm comes over a new connection within this `TIME`, such as 60s")
}

// applying is how the policy is to be put in force.
type applying struct {
	yes    bool
	within time.Duration  // to confirm it; 0: it needs no confirmation
	draft  *confirm.Draft // in place of what the policy file says; nil: that
}

func (how *applying) readWithin(c *cobra.Command, within string) (err error) {
	if c.Flags().Changed("confirm") {
		how.within, err = confirm.ParseWithin(within)
	}
	return err
}

func (how *applying) readDraft(c *cobra.Command, policyPath, file string) error {
	if !c.Flags().Changed("try") {
		return nil
	}
	if how.within == 0 {
		return errors.New("--try goes with --confirm TIME; without a way back, change the policy file itself")
	}
	text, err := policy.ReadTrusted(file)
	if err != nil {
		return fmt.Errorf("--try %s: %w", file, err)
	}
	how.draft, err = confirm.NewDraft(policyPath, text)
	return err
}

// apply puts the policy in force and says so; the verbs that edit the policy can end with it, too.
func (a *app) apply(c *cobra.Command, how applying) error {
	enforce.LimitMemory()
	arming, err := a.arming(how.within)
	if err != nil {
		return err
	}
	e, err := a.enforcer()
	if err != nil {
		return err
	}
	e.Draft = how.draft
	var seen *outlook // nil: nobody was asked, because there was nothing to do
	plan, err := e.ApplyArmed(c.Context(), func(plan *enforce.Plan) error {
		a.warnings(plan.Prepared)
		seen = a.foresee(c.Context(), e, plan)
		if !a.json {
			a.showPlan(seen, false)
		}
		if how.yes {
			return nil
		}
		return a.agree(c, "Put this in force?")
	}, arming)
	if seen == nil {
		a.warnings(plan.Prepared)
		seen = &outlook{Plan: plan}
	}
	if err != nil {
		return err
	}
	if err := a.showApplied(seen, arming); err != nil {
		return err
	}
	return a.proveApplied(c, plan)
}

// appliedView is apply for programs.
type appliedView struct {
	planView
	Unconfirmed *pendingView `json:"unconfirmed,omitempty"` // what has to be confirmed, and until when
}

func (a *app) showApplied(o *outlook, arming *enforce.Arming) error {
	var armed *confirm.Pending
	if arming != nil {
		armed = arming.Armed
	}
	switch {
	case a.json:
		return a.printJSON(appliedView{planned(o), pendingOf(armed)})
	case armed != nil:
		a.say(fmt.Sprintf("the policy is in force until %s: open a new connection and run `dockwall confirm` there, or %s comes back",
			armed.Until.Local().Format(time.DateTime), armed.Goal()))
	case o.Empty():
		a.showPlan(o, false)
		if arming != nil {
			a.say("nothing has to be confirmed, because nothing was changed (a running `dockwall run` follows the policy's files by itself; " +
				"with --try FILE they stay as they are until it is confirmed)")
		}
	default:
		a.say("the policy is in force")
	}
	return nil
}
