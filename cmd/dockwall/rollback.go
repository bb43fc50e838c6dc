package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/confirm"
	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/journal"
)

const rollbackHelp = `Writes the policy of entry N of the history back into its files, and puts it in force on the host as
it is now. Without N it is the newest one with another policy than the one in force. What the files hold
must be in the history: what was never in force is not written over.

While a change waits for its confirmation (dockwall apply --confirm), rollback without N puts back at once
what was in force before it, and leaves the policy's files as they are.`

func (a *app) rollbackVerb() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "rollback [N]",
		Short: "Go back to an older policy",
		Long:  rollbackHelp,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.needHost(c); err != nil {
				return err
			}
			if done, err := a.takeBack(c, args, yes); done || err != nil {
				return err
			}
			entry, err := a.goal(args)
			if err != nil {
				return err
			}
			return a.rollback(c, entry, yes)
		},
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

// takeBack puts back what was in force before a change that waits for its confirmation. It is false where none does.
func (a *app) takeBack(c *cobra.Command, args []string, yes bool) (bool, error) {
	e, err := a.enforcer()
	if err != nil {
		return false, err
	}
	p, err := e.Waiting().Load()
	if err != nil || p == nil {
		return false, err
	}
	if len(args) > 0 {
		return false, fmt.Errorf("nothing was changed: a change waits for its confirmation: `%s` alone puts back what was before it", c.CommandPath())
	}
	if !yes {
		if err := a.agree(c, fmt.Sprintf("Go back at once (%s)?", p.Goal())); err != nil {
			return true, err
		}
	}
	r, err := e.GoBack(c.Context(), "")
	if err != nil {
		return true, err
	}
	return true, a.showReturned(r)
}

// showReturned says what came back; nil: the change was confirmed, or went, while somebody was asked.
func (a *app) showReturned(r *enforce.Returned) error {
	if r == nil {
		return confirm.ErrNothing
	}
	if a.json {
		return errors.Join(a.printJSON(struct {
			Returned *pendingView `json:"returned"`
		}{pendingOf(r.Pending)}), r.Unnoted)
	}
	a.say(r.Text())
	return r.Unnoted
}

// goal is the entry to go back to.
func (a *app) goal(args []string) (*journal.Entry, error) {
	if len(args) == 0 {
		return a.history().Before()
	}
	entry, err := a.entry(args[0])
	if err == nil && entry.Empty() {
		return nil, fmt.Errorf("at entry %s nothing was in force: dockwall reset is the way there", strconv.Itoa(entry.Number))
	}
	return entry, err
}

func (a *app) rollback(c *cobra.Command, entry *journal.Entry, yes bool) error {
	e, err := a.enforcer()
	if err != nil {
		return err
	}
	var seen *outlook
	plan, err := e.Rollback(c.Context(), entry, func(plan *enforce.Plan) error {
		a.warnings(plan.Prepared)
		seen = a.foresee(c.Context(), e, plan)
		if !a.json {
			a.showPlan(seen, false)
		}
		if yes {
			return nil
		}
		return a.agree(c, fmt.Sprintf("Go back to entry %d?", entry.Number))
	})
	if err != nil {
		return err
	}
	if a.json {
		if seen == nil {
			seen = &outlook{Plan: plan}
		}
		return a.printJSON(planned(seen))
	}
	a.say(fmt.Sprintf("the policy of entry %d is in force, and in its files", entry.Number))
	return nil
}
