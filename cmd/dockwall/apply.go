package main

import (
	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/enforce"
)

const applyHelp = `Puts the policy in force: runs its tests, shows what will change, asks (unless --yes), loads the
rules into a throwaway network namespace, installs them in one transaction, and looks whether the
kernel holds them.

Where nothing changes, nothing is written. Where anything goes wrong, the rules in force stay in force.
Conversations that the policy no longer allows are cut at once; all others go on.`

func (a *app) applyVerb() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "apply",
		Short: "Put the policy in force",
		Long:  applyHelp,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.needHost(c); err != nil {
				return err
			}
			return a.apply(c, yes)
		},
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

// apply puts the policy in force and says so; the verbs that edit the policy can end with it, too.
func (a *app) apply(c *cobra.Command, yes bool) error {
	enforce.LimitMemory()
	e, err := a.enforcer()
	if err != nil {
		return err
	}
	asked := false
	plan, err := e.Apply(c.Context(), func(plan *enforce.Plan) error {
		asked = true
		a.warnings(plan.Prepared)
		if !a.json {
			a.showPlan(plan, false)
		}
		if yes {
			return nil
		}
		return a.agree(c, "Put this in force?")
	})
	if !asked {
		a.warnings(plan.Prepared)
	}
	if err != nil {
		return err
	}
	if err := a.showApplied(plan); err != nil {
		return err
	}
	return a.proveApplied(c, plan)
}

func (a *app) showApplied(plan *enforce.Plan) error {
	switch {
	case a.json:
		return a.printJSON(planned(plan))
	case plan.Empty():
		a.showPlan(plan, false)
	default:
		a.say("the policy is in force")
	}
	return nil
}
