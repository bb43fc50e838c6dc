package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
	"github.com/dockwall/dockwall/internal/probe"
	"github.com/dockwall/dockwall/internal/story"
	"github.com/dockwall/dockwall/internal/verify"
)

const verifyHelp = `Reads the rules back from the kernel and proves, for all packets, that they do what the policy means:
what the policy refuses reaches no container, what it allows is not refused by dockwall's own rules,
and what it does not govern they leave alone. First packets, later packets and answers of established
conversations are looked at, on every interface, for IPv4 and IPv6.

Where that is not so, it shows a packet, its way through the host, and what the policy says about it.

With --probe it also dials, for real: from a network namespace that is attached to the host for the moment,
every published TCP port and the containers' own addresses; and compares whether a connection comes about
with what the rules say of exactly this client.

Exit code 0: it is so; 10: it is not.`

func (a *app) verifyVerb() *cobra.Command {
	var dial bool
	c := &cobra.Command{
		Use:   "verify",
		Short: "Prove that the kernel enforces what the policy means",
		Long:  verifyHelp,
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return a.verify(c, dial) },
	}
	c.Flags().BoolVar(&dial, "probe", false, "also dial for real, as a client that is attached to the host for the moment")
	return c
}

// verifyView is verify for programs.
type verifyView struct {
	*verify.Report
	Probe *probe.Report `json:"probe,omitempty"`
}

func (a *app) verify(c *cobra.Command, dial bool) error {
	if dial && a.snapshot != "" {
		return errors.New("a snapshot cannot be dialled: leave --probe or --snapshot out")
	}
	if err := a.needRoot(c); err != nil {
		return err
	}
	p, _, err := enforce.Load(a.policyPath)
	if err != nil {
		return err
	}
	s, err := a.rules(c.Context())
	if err != nil {
		return err
	}
	if s.Host.Engine == nil {
		return &host.NoEngineError{DockerHost: "the host", Reason: "the snapshot was taken while no engine answered"}
	}
	labelled, _ := p.WithLabels(s.Host)
	report, err := proof(c.Context(), labelled, s)
	if err != nil {
		return err
	}
	view := verifyView{Report: report}
	if dial {
		if view.Probe, err = probe.Run(c.Context(), s.Host, a.lookAgain()); err != nil {
			return err
		}
	}
	return errors.Join(a.showVerified(view), result(view.code()))
}

// lookAgain reads the rules and links of the host as they are with a probe's client.
func (a *app) lookAgain() probe.Look {
	return func(ctx context.Context) (story.Scene, error) {
		s, err := a.rules(ctx)
		if err != nil {
			return story.Scene{}, err
		}
		return story.Scene{Machine: capture.Snapshot(s), Host: s.Host}, nil
	}
}

func (v *verifyView) code() int {
	if !v.Proven || v.Probe != nil && !v.Probe.Agree() {
		return exitNotProven
	}
	return exitDone
}

func (a *app) showVerified(v verifyView) error {
	if a.json {
		return a.printJSON(v)
	}
	v.WriteText(a.stdout, verifyStyle(a.style))
	if v.Probe != nil {
		v.Probe.WriteText(a.stdout, verifyStyle(a.style))
	}
	return nil
}
