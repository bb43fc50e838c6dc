package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/policy"
)

// The exit codes. `dockwall help exit-codes` prints exitHelp, and docs/cli.md has the same table.
const (
	exitDone        = 0
	exitError       = 1
	exitDifferent   = 2
	exitPolicy      = 3
	exitTests       = 4
	exitNotCompared = 5
	exitNotInForce  = 6
	exitNotReached  = 7
	exitPossibly    = 8
	exitFindings    = 9
	exitNotProven   = 10
	exitInterrupted = 130
)

const exitHelp = `The exit codes of dockwall:

  0    done; plan: nothing to change; status: in force, and as the policy says
  1    an error: nothing was changed, unless the message says otherwise
  2    plan: apply would change something; status: in force, but not as the policy
       says; apply, reset: changes were shown and not agreed to
  3    the policy has errors, or there is none where one is needed
  4    a test of the policy fails
  5    not everything could be looked at. check: the tests did not run, because there
       is no host to run them against; status: there is no policy or no Docker
       engine to compare with
  6    status: nothing is in force
  7    trace: the packet does not get where it was going
  8    trace: whether it gets there hangs on what is not known
  9    audit --fail-on: there are findings as bad as that
  10   verify, apply: the kernel does not enforce what the policy means
  130  interrupted`

// outcome is an exit code without a message: what there is to say has been printed.
type outcome int

func (o outcome) Error() string { return "" }

// result is the outcome as an error, nil where all is well.
func result(code int) error {
	if code == exitDone {
		return nil
	}
	return outcome(code)
}

// exitCode is the process's exit code for what a verb returned.
func exitCode(err error) int {
	var code outcome
	var problems policy.Problems
	var none *enforce.NoPolicyError
	var tests *enforce.TestsError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &problems), errors.As(err, &none):
		return exitPolicy
	case errors.As(err, &tests):
		return exitTests
	}
	return exitError
}

// message is what stderr is told about what a verb returned. Problems of a policy come with their source lines.
func message(err error) string {
	var problems policy.Problems
	switch {
	case err == nil:
		return ""
	case errors.As(err, &problems):
		return strings.TrimSuffix(err.Error(), problems.Error()) + caretText(problems.Errors())
	}
	return err.Error()
}

// caretText is the errors with their source lines, and how many there are.
func caretText(problems policy.Problems) string {
	if len(problems) == 1 {
		return problems.Caret()
	}
	return fmt.Sprintf("the policy has %d errors\n\n%s", len(problems), problems.Caret())
}

// exitCodesTopic is a help topic, not a verb.
func exitCodesTopic() *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: exitHelp}
}
