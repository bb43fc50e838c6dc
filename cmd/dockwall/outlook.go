package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"time"

	"github.com/dockwall/dockwall/internal/audit"
	"github.com/dockwall/dockwall/internal/enforce"
)

// outlook is a plan, with who reaches what before and after it.
type outlook struct {
	*enforce.Plan
	differences []audit.Difference
	unknown     error // why it could not be computed; nil: it was
}

// foresight is how long a plan waits for who reaches what.
const foresight = time.Minute

// foresee computes a plan's outlook. That it cannot be computed is said, and hinders nothing.
func (a *app) foresee(ctx context.Context, e *enforce.Enforcer, plan *enforce.Plan) *outlook {
	debug.SetMemoryLimit(math.MaxInt64) // sets of all packets take what they need: apply's limit would only make it slow
	ctx, cancel := context.WithTimeout(ctx, foresight)
	defer cancel()
	differences, missing, err := e.Foresee(ctx, plan)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("it took longer than %v; `dockwall audit` takes its time", foresight)
	}
	if err != nil {
		a.warn(fmt.Sprintf("who reaches what before and after could not be computed: %v", err))
	}
	a.missing(missing)
	return &outlook{plan, differences, err}
}

type planView struct {
	Changes      bool             `json:"changes"`
	Backend      string           `json:"backend"`
	Reachability []differenceView `json:"reachability"`      // of each publication and container, whether it changes or not
	Unknown      string           `json:"unknown,omitempty"` // why the reachability could not be computed
	Egress       egressView       `json:"egress"`
	Summary      string           `json:"summary"`
	Rules        string           `json:"rules"`    // the exact text that would run
	Obsolete     []string         `json:"obsolete"` // backends whose rules would be removed
	Problems     []problemView    `json:"problems"` // warnings
}

// differenceView is an exposure as `audit --json` has it, before and after.
type differenceView struct {
	Name      string         `json:"name"`
	Container string         `json:"container,omitempty"`
	Direct    bool           `json:"direct,omitempty"`
	Ports     string         `json:"ports"`
	Leads     string         `json:"leads_to,omitempty"`
	Addresses []string       `json:"addresses,omitempty"`
	Changes   []audit.Change `json:"changes"` // in words; none: it stays as it is
	Before    []audit.Access `json:"before"`  // none: nobody
	After     []audit.Access `json:"after"`
}

type egressView struct {
	New           []string `json:"new"`
	Gone          []string `json:"gone"`
	DefaultBefore string   `json:"default_before"`
	DefaultAfter  string   `json:"default_after"`
}

func planned(o *outlook) planView {
	egress := o.Egress()
	view := planView{
		Changes: !o.Empty(), Backend: o.Backend.Name(), Reachability: []differenceView{},
		Egress:  egressView{list(egress.New), list(egress.Gone), egress.Before.String(), egress.After.String()},
		Summary: o.Change.Summary, Rules: o.Change.Text, Obsolete: names(o.Obsolete),
		Problems: problemViews(o.Warnings),
	}
	if o.unknown != nil {
		view.Unknown = o.unknown.Error()
	}
	for i := range o.differences {
		d := &o.differences[i]
		view.Reachability = append(view.Reachability, differenceView{d.Name, d.Exposure.Container, d.Direct, d.Ports, d.Leads,
			list(d.Addresses), list(d.Changes()), list(d.Before), list(d.After)})
	}
	return view
}
