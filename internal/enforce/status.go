package enforce

import (
	"context"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/confirm"
)

// Status is what is in force and how it compares with the policy.
type Status struct {
	Backend    string    // what judges conversations now; "": nothing is in force
	Since      time.Time // when it was last changed; zero: the rules do not say
	Rules      []RuleState
	Defaults   []backend.Line   // what no rule decided, with its counters
	Differs    string           // what Apply would change in the kernel, for people; "": nothing
	Also       []string         // further backends that have rules installed
	Uncompared error            // why there is nothing to compare with: no policy, errors in it, no Docker; nil: compared
	Prepared   *Prepared        // as far as it came
	Waits      *confirm.Pending // a change that is not confirmed; nil: none
	Refused    *RefusedError    // the policy in the files was not confirmed, and must not come into force by itself; nil: it may
}

// Equal tells whether what is in force is what the policy says.
func (s *Status) Equal() bool {
	return s.Uncompared == nil && s.Backend != "" && s.Differs == "" && len(s.Also) == 0
}

// Status reads what is in force and compares it with the policy, where there is one. It changes nothing.
func (e *Enforcer) Status(ctx context.Context) (*Status, error) {
	plan, err := e.untested(ctx)
	s := &Status{Prepared: plan.Prepared, Uncompared: err}
	if err := e.unsettled(s); err != nil {
		return s, err
	}
	if err != nil {
		found, err := holdings(ctx, e.Machine.Backends(plan.Host))
		s.fill(found)
		return s, err
	}
	found := plan.Obsolete
	if plan.Installed != nil {
		found = append([]Holding{{plan.Backend, plan.Installed}}, found...)
	}
	s.fill(found)
	if !plan.Change.Empty() {
		s.Differs = plan.Change.Summary
	}
	return s, nil
}

// unsettled says what waits for its confirmation, and whether the policy in the files was refused it.
func (e *Enforcer) unsettled(s *Status) (err error) {
	if e.StateDir == "" {
		return nil
	}
	if s.Waits, err = e.Waiting().Load(); err != nil {
		return err
	}
	refused, err := e.Waiting().Refused()
	if refused != nil && refused.Policy == confirm.Hash(s.Prepared.Sources) {
		s.Refused = &RefusedError{refused.At}
	}
	return err
}

// untested is Plan without following packets: what is in force does not hang on other rules of the host.
func (e *Enforcer) untested(ctx context.Context) (*Plan, error) {
	prepared, err := e.prepared(ctx)
	if err != nil {
		return &Plan{Prepared: prepared}, err
	}
	return e.planned(ctx, prepared)
}

// fill says what was found, the backend that should be in force first.
func (s *Status) fill(found []Holding) {
	installed := &backend.Installed{}
	for i, f := range found {
		if i > 0 {
			s.Also = append(s.Also, f.Backend.Name())
			continue
		}
		s.Backend, s.Since, installed = f.Backend.Name(), f.Installed.Since, f.Installed
	}
	for _, l := range installed.Lines {
		if l.Default {
			s.Defaults = append(s.Defaults, l)
		}
	}
	s.Rules = ruleStates(s.Prepared, installed.Lines)
}
