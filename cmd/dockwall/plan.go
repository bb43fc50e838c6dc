package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/access"
	"github.com/dockwall/dockwall/internal/enforce"
)

const planHelp = `Shows what apply would change: first who reaches each published port before and after, in the words of
the policy; then the rules, as the exact text that would run. It changes nothing.

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
			if a.json {
				return errors.Join(a.printJSON(planned(plan)), result(code))
			}
			a.showPlan(plan, all)
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
func (a *app) showPlan(plan *enforce.Plan, all bool) {
	publications, egress := plan.Differences()
	shown := a.showPublications(publications, all)
	shown = a.showEgress(egress) || shown
	switch {
	case plan.Empty():
		a.printf("nothing to change: the policy is in force (%s)\n", plan.Backend.Name())
	case !shown:
		a.printf("who reaches which port stays as it is; the rules change\n")
	}
	if !plan.Change.Empty() {
		a.printf("rules (%s): %s\n", plan.Backend.Name(), plan.Change.Summary)
	}
	for _, old := range plan.Obsolete {
		a.printf("rules (%s): all removed, after that\n", old.Backend.Name())
	}
}

// showPublications tells whether anything changes.
func (a *app) showPublications(differences []access.Difference, all bool) (changed bool) {
	for _, d := range differences {
		switch {
		case d.Changed():
			changed = true
			a.printf("%s: %s -> %s\n", d.Publication, short(d.Before), a.style.title(short(d.After)))
		case all:
			a.printf("%s: %s\n", d.Publication, short(d.After))
		}
	}
	return changed
}

// short is a list that people can read: its beginning, and how many more there are.
func short(list string) string {
	const most = 10
	items := strings.Split(list, ", ")
	if len(items) <= most {
		return list
	}
	return fmt.Sprintf("%s, and %d more", strings.Join(items[:most-1], ", "), len(items)-most+1)
}

// showEgress tells whether it had something to show.
func (a *app) showEgress(e access.Egress) bool {
	for _, s := range e.Gone {
		a.printf("egress - %s\n", s)
	}
	for _, s := range e.New {
		a.printf("egress + %s\n", s)
	}
	if e.Before != e.After {
		a.printf("egress, where no rule decides: %s -> %s\n", e.Before, a.style.title(e.After))
	}
	return e.Changed()
}

type planView struct {
	Changes      bool             `json:"changes"`
	Backend      string           `json:"backend"`
	Publications []differenceView `json:"publications"`
	Egress       egressView       `json:"egress"`
	Summary      string           `json:"summary"`
	Rules        string           `json:"rules"`    // the exact text that would run
	Obsolete     []string         `json:"obsolete"` // backends whose rules would be removed
	Problems     []problemView    `json:"problems"` // warnings
}

type differenceView struct {
	Protocol      string   `json:"protocol"`
	Port          uint16   `json:"port"`
	Addresses     []string `json:"addresses"`
	Name          string   `json:"name"`
	ContainerPort uint16   `json:"container_port"`
	Before        string   `json:"before"`
	After         string   `json:"after"`
}

type egressView struct {
	New           []string `json:"new"`
	Gone          []string `json:"gone"`
	DefaultBefore string   `json:"default_before"`
	DefaultAfter  string   `json:"default_after"`
}

func planned(plan *enforce.Plan) planView {
	publications, egress := plan.Differences()
	view := planView{
		Changes: !plan.Empty(), Backend: plan.Backend.Name(), Publications: []differenceView{},
		Egress:  egressView{list(egress.New), list(egress.Gone), egress.Before, egress.After},
		Summary: plan.Change.Summary, Rules: plan.Change.Text, Obsolete: names(plan.Obsolete),
		Problems: problemViews(plan.Warnings),
	}
	for _, d := range publications {
		view.Publications = append(view.Publications, differenceView{d.Publication.Protocol.String(), d.Publication.Port,
			texts(d.Publication.Addresses), d.Publication.Name, d.Publication.ContainerPort, d.Before, d.After})
	}
	return view
}
