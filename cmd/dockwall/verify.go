package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/host"
)

const verifyHelp = `Reads the rules back from the kernel and proves, for all packets, that they do what the policy means:
what the policy refuses reaches no container, what it allows is not refused by dockwall's own rules,
and what it does not govern they leave alone. First packets, later packets and answers of established
conversations are looked at, on every interface, for IPv4 and IPv6.

Where that is not so, it shows a packet, its way through the host, and what the policy says about it.

Exit code 0: it is so; 10: it is not.`

func (a *app) verifyVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Prove that the kernel enforces what the policy means",
		Long:  verifyHelp,
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return a.verify(c) },
	}
}

func (a *app) verify(c *cobra.Command) error {
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
	if a.json {
		err = a.printJSON(report)
	} else {
		report.WriteText(a.stdout, verifyStyle(a.style))
	}
	code := exitDone
	if !report.Proven {
		code = exitNotProven
	}
	return errors.Join(err, result(code))
}
