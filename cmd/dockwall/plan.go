package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/wording"
)

const planHelp = `Shows what apply would change: first who reaches each published port before and after, computed from all
rules of the host for all packets at once; then the rules, as the exact text that would run. It changes
nothing.

Exit code 0: there is nothing to change; 2: there is.`

func (a *app) planVerb() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:   "plan",
		Short: "Show what apply would change",
		Long:  planHelp,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.needRoot(c); err != nil {
				return err
			}
			e, err := a.enforcer()
			if err != nil {
				return err
			}
			plan, err := e.Plan(c.Context())
			a.warnings(plan.Prepared)
			if err != nil {
				return err
			}
			code := exitDone
			if !plan.Empty() {
				code = exitDifferent
			}
			o := a.foresee(c.Context(), e, plan)
			if a.json {
				return errors.Join(a.printJSON(planned(o)), result(code))
			}
			a.showPlan(o, all)
			if plan.Change.Text != "" {
				a.printf("\n%s\n", strings.TrimRight(plan.Change.Text, "\n"))
			}
			return result(code)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "show the publications that stay as they are, too")
	return c
}

// showPlan is the plan for people, without the text of the rules.
func (a *app) showPlan(o *outlook, all bool) {
	shown := a.showReachability(o, all)
	shown = a.showEgress(o.Egress()) || shown
	switch {
	case o.Empty():
		a.printf("nothing to change: the policy is in force (%s)\n", o.Backend.Name())
	case !shown && o.unknown == nil:
		a.printf("who reaches which port stays as it is; the rules change\n")
	}
	if !o.Change.Empty() {
		a.printf("rules (%s): %s\n", o.Backend.Name(), o.Change.Summary)
	}
	for _, old := range o.Obsolete {
		a.printf("rules (%s): all removed, after that\n", old.Backend.Name())
	}
}

// showReachability tells whether anything changes.
func (a *app) showReachability(o *outlook, all bool) (changed bool) {
	for i := range o.differences {
		d := &o.differences[i]
		title := wording.Printable(d.Title())
		changes := d.Changes()
		for _, c := range changes {
			if c.Where != "" {
				c.Where = " " + c.Where
			}
			a.printf("%s%s: %s -> %s\n", title, c.Where, c.Before, a.style.title(c.After))
		}
		if len(changes) == 0 && all {
			a.printf("%s: %s\n", title, d.Now())
		}
		changed = changed || len(changes) > 0
	}
	return changed
}

// showEgress tells whether it had something to show.
func (a *app) showEgress(e enforce.Egress) bool {
	for _, s := range e.Gone {
		a.printf("egress - %s\n", s)
	}
	for _, s := range e.New {
		a.printf("egress + %s\n", s)
	}
	if e.Before != e.After {
		a.printf("egress, where no rule decides: %s -> %s\n", e.Before, a.style.title(e.After.String()))
	}
	return e.Changed()
}
