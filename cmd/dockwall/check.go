package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

const checkHelp = `Parses the policy, reports everything that is wrong with it, and runs its tests against the host, or
against --snapshot. With FILEs, exactly these are the policy.

Without a Docker engine the tests cannot run; check says so, with an exit code of its own.`

func (a *app) checkVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE...]",
		Short: "Report what is wrong with the policy, and run its tests",
		Long:  checkHelp,
		RunE: func(c *cobra.Command, files []string) error {
			p, problems, err := a.load(files)
			checked := &enforce.Prepared{Warnings: problems.Warnings()}
			if err == nil {
				checked, err = a.checkHost(c.Context(), p, problems)
			}
			if a.json {
				return a.checkJSON(checked, problems, err)
			}
			return a.showCheck(checked, err)
		},
	}
}

// load reads the files as one policy, or else the policy of --policy.
func (a *app) load(files []string) (*policy.Policy, policy.Problems, error) {
	if len(files) == 0 {
		return enforce.Load(a.policyPath)
	}
	p, problems := policy.LoadFiles(files)
	return p, problems, problems.Err()
}

func (a *app) checkHost(ctx context.Context, p *policy.Policy, problems policy.Problems) (*enforce.Prepared, error) {
	e, err := a.enforcer()
	if err != nil {
		return &enforce.Prepared{Policy: p, Warnings: problems.Warnings()}, err
	}
	return e.Check(ctx, p, problems)
}

// showCheck is the view for people: warnings, then each test, then the verdict.
func (a *app) showCheck(checked *enforce.Prepared, err error) error {
	a.warnings(checked)
	for _, t := range checked.Tests {
		if t.Passed {
			a.printf("%s  %s\n", a.style.good("ok  "), t.Test)
			continue
		}
		a.printf("%s  %s: expected %s, got %s: %s\n", a.style.bad("FAIL"), t.Test, t.Expected, t.Got, t.Why)
		for line := range strings.Lines(t.Trace) {
			a.printf("        %s\n", strings.TrimRight(line, "\n"))
		}
	}
	var noEngine *host.NoEngineError
	var tests *enforce.TestsError
	switch {
	case errors.As(err, &noEngine):
		return a.showUntested(checked.Policy, noEngine)
	case errors.As(err, &tests):
		a.printf("%d of the policy's %s failed\n", len(tests.Failed), count(tests.Of, "test"))
		return result(exitTests)
	case err != nil:
		return err
	}
	p := checked.Policy
	a.printf("the policy is good: %s, %s, %s\n", count(len(p.Ingress)+len(p.Egress), "rule"), count(len(p.Sets), "set"),
		count(len(checked.Tests), "passed test"))
	return nil
}

func (a *app) showUntested(p *policy.Policy, noEngine error) error {
	a.say(noEngine.Error())
	if len(p.Tests) == 0 {
		a.printf("the policy has no errors; there is no host to compare it with\n")
	} else {
		a.printf("the policy has no errors; its %s did not run, because there is no host to run them against\n",
			count(len(p.Tests), "test"))
	}
	return result(untestedCode(p))
}

// untestedCode is the exit code of a check without a host.
func untestedCode(p *policy.Policy) int {
	if len(p.Tests) == 0 {
		return exitDone
	}
	return exitNotCompared
}

type checkView struct {
	Files    []string      `json:"files,omitempty"`
	Problems []problemView `json:"problems"`
	Tests    []testView    `json:"tests"`
	Error    string        `json:"error,omitempty"` // why the tests did not run, where it is not the problems
	Warnings []string      `json:"warnings"`        // about the host
}

type problemView struct {
	Position string `json:"position"`
	Warning  bool   `json:"warning"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

type testView struct {
	Test     string `json:"test"`
	Position string `json:"position"`
	Passed   bool   `json:"passed"`
	Expected string `json:"expected"`
	Got      string `json:"got"`
	Why      string `json:"why"`
	Trace    string `json:"trace,omitempty"` // of a packet that the rules do not treat as expected
}

func (a *app) checkJSON(checked *enforce.Prepared, problems policy.Problems, err error) error {
	view := checkView{Problems: problemViews(append(problems.Errors(), checked.Warnings...)),
		Tests: testViews(checked.Tests), Warnings: []string{}}
	if checked.Policy != nil {
		view.Files = checked.Policy.Files
	}
	if checked.Host != nil {
		view.Warnings = append(view.Warnings, checked.Host.Warnings...)
	}
	code := exitCode(err)
	var noEngine *host.NoEngineError
	switch {
	case errors.As(err, &noEngine):
		view.Error = err.Error()
		code = untestedCode(checked.Policy)
	case errors.As(err, new(policy.Problems)), errors.As(err, new(*enforce.TestsError)):
	case err != nil:
		return err
	}
	return errors.Join(a.printJSON(view), result(code))
}

func testViews(results []policy.TestResult) []testView {
	views := []testView{}
	for _, t := range results {
		views = append(views, testView{t.Test.String(), t.Test.Position.String(), t.Passed, t.Expected, t.Got, t.Why,
			t.Trace})
	}
	return views
}

func problemViews(problems policy.Problems) []problemView {
	views := []problemView{}
	for _, p := range problems {
		views = append(views, problemView{p.Position.String(), p.Warning, p.Message, p.Hint})
	}
	return views
}
