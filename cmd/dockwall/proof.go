package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/story"
	"github.com/dockwall/dockwall/internal/verify"
)

// proof is what verify finds of a policy, with its labels merged in, on the snapshot's host.
func proof(ctx context.Context, p *policy.Policy, s *host.Snapshot) (*verify.Report, error) {
	debug.SetMemoryLimit(math.MaxInt64) // sets of all packets take what they need: apply's limit would only make it slow
	machine := capture.Snapshot(s)
	found, err := verify.Check(ctx, p, s.Host, machine)
	if err != nil {
		return nil, err
	}
	return verify.NewReport(found, story.Scene{Machine: machine, Host: s.Host}), nil
}

// proofLimit is how long an apply waits for the proof.
const proofLimit = time.Minute

// proveApplied ends an apply: it reads the rules back and proves that they do what the policy means on the host that it
// was compiled for. Rules that do not stay in force all the same, because those before them are gone: that is said loudly.
func (a *app) proveApplied(c *cobra.Command, plan *enforce.Plan) error {
	s, err := a.rules(c.Context())
	var noEngine *host.NoEngineError
	if err != nil && !errors.As(err, &noEngine) {
		return fmt.Errorf("the rules are in force, but cannot be read back: %w", err)
	}
	s.Host = plan.Host
	ctx, cancel := context.WithTimeout(c.Context(), proofLimit)
	defer cancel()
	report, err := proof(ctx, plan.Policy, s)
	if errors.Is(err, context.DeadlineExceeded) {
		a.warn("whether the rules do what the policy means was not proven within a minute; `dockwall verify` takes its time")
		return nil
	}
	if err != nil {
		return fmt.Errorf("the rules are in force, but it could not be proven that they do what the policy means: %w", err)
	}
	if report.Proven {
		a.say(fmt.Sprintf("proven for all packets: the kernel enforces what the policy means (%d classes of them)", report.Classes))
		return nil
	}
	report.WriteText(a.stderr, verifyStyle(a.errStyle))
	a.say(a.errStyle.bad("the rules are in force, but they do not do what the policy means") +
		": see above; `dockwall rollback` brings back what was before, and `dockwall snapshot` takes what a bug report needs")
	return result(exitNotProven)
}

func verifyStyle(s style) verify.Style { return verify.Style{Good: s.good, Bad: s.bad, Title: s.title} }
