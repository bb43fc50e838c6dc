package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/journal"
)

const rollbackHelp = `Writes the policy of entry N of the history back into its files, and puts it in force on the host as
it is now. Without N it is the newest one with another policy than the one in force. What the files hold
must be in the history: what was never in force is not written over.`

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
	plan, err := e.Rollback(c.Context(), entry, func(plan *enforce.Plan) error {
		a.warnings(plan.Prepared)
		if !a.json {
			a.showPlan(plan, false)
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
		return a.printJSON(planned(plan))
	}
	a.say(fmt.Sprintf("the policy of entry %d is in force, and in its files", entry.Number))
	return nil
}
