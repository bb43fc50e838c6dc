package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/audit"
	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/story"
)

const auditHelp = `Says who can reach each published port and each container now, by any way that the rules of the host
leave open, computed for all packets at once; and what is wrong with that, each with a packet that
shows it and what to do. It needs no policy: it tells the truth about any host. Where there is a
policy, its sets give names to addresses, and what it allows on purpose is only a low finding.

  sudo dockwall audit
  dockwall audit --snapshot host.json --sarif > dockwall.sarif
  dockwall audit --iptables-save rules.txt --fail-on high

Exit code 0: done, whatever was found; 9: with --fail-on, there are findings as bad as that.`

// auditFlags are the flags of audit.
type auditFlags struct {
	rules  rulesFile
	sarif  bool
	failOn string
}

func (a *app) auditVerb() *cobra.Command {
	var f auditFlags
	c := &cobra.Command{
		Use:   "audit",
		Short: "Show who can reach containers, and what is wrong with it",
		Long:  auditHelp,
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return a.audit(c, &f) },
	}
	c.Flags().BoolVar(&f.sarif, "sarif", false, "print SARIF 2.1.0, for tools that collect findings")
	c.Flags().StringVar(&f.failOn, "fail-on", "", "low, medium or high: exit code 9 if there is a finding as bad as that")
	f.rules.flags(c)
	_ = c.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions([]string{"low", "medium", "high"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (a *app) audit(c *cobra.Command, f *auditFlags) error {
	limit, err := f.limit(a.json)
	if err != nil {
		return err
	}
	scene, err := a.scene(c, &f.rules)
	if err != nil {
		return err
	}
	if f.rules.given() {
		scene.Host = audit.Infer(scene.Machine)
	}
	report, err := audit.Run(c.Context(), audit.Input{Machine: scene.Machine, Host: scene.Host, Policy: a.policyFor(scene, f)})
	if err != nil {
		return err
	}
	switch {
	case a.json:
		err = a.printJSON(report)
	case f.sarif:
		err = report.WriteSARIF(a.stdout, version, f.source(a.snapshot))
	default:
		report.WriteText(a.stdout, a.auditStyle())
	}
	code := exitDone
	if limit != 0 && report.Worst() >= limit {
		code = exitFindings
	}
	return errors.Join(err, result(code))
}

// limit is the severity of --fail-on, 0 without it.
func (f *auditFlags) limit(json bool) (audit.Severity, error) {
	if json && f.sarif {
		return 0, errors.New("--json and --sarif are two formats: leave one of them out")
	}
	if f.failOn == "" {
		return 0, nil
	}
	s, err := audit.ParseSeverity(f.failOn)
	if err != nil {
		return 0, fmt.Errorf("--fail-on: %w", err)
	}
	return s, nil
}

// source is the file that was looked at, as SARIF names places.
func (f *auditFlags) source(snapshot string) string {
	for _, name := range []string{f.rules.four, f.rules.six, snapshot} {
		if name != "" {
			return filepath.ToSlash(filepath.Base(name))
		}
	}
	return ""
}

// policyFor is the policy with the labels' rules, nil where there is none, or none that could be read. A text of rules
// alone is a stranger's: the policy here is not about it.
func (a *app) policyFor(scene story.Scene, f *auditFlags) *policy.Policy {
	if f.rules.given() {
		return nil
	}
	p, _, err := enforce.Load(a.policyPath)
	var none *enforce.NoPolicyError
	if errors.As(err, &none) {
		return nil
	}
	if err != nil {
		a.warn("the policy is left out, because it has errors: `dockwall check` shows them")
		return nil
	}
	labelled, _ := p.WithLabels(scene.Host)
	return labelled
}

func (a *app) auditStyle() audit.Style {
	return audit.Style{Title: a.style.title, Severity: func(s audit.Severity, text string) string {
		switch s {
		case audit.High:
			return a.style.bad(text)
		case audit.Medium:
			return a.style.doubtful(text)
		}
		return text
	}}
}
