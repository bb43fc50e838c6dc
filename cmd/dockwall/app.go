package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/host"
)

// app is what the verbs share: the streams and the global flags.
type app struct {
	stdin    *os.File
	stdout   io.Writer
	stderr   io.Writer
	style    style // of stdout
	errStyle style // of stderr

	policyPath string
	stateDir   string
	backend    string
	dockerHost string
	snapshot   string
	json       bool
}

func newApp(stdin, stdout, stderr *os.File) *app {
	return &app{stdin: stdin, stdout: stdout, stderr: stderr, style: newStyle(stdout), errStyle: newStyle(stderr)}
}

// printf writes data.
func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.stdout, format, args...) }

// say writes talk: one sentence a line.
func (a *app) say(text string) { fmt.Fprintln(a.stderr, text) }

// warn writes one warning.
func (a *app) warn(text string) { a.say(a.errStyle.doubtful("warning: ") + text) }

// warnings writes what a policy and its host give reason to doubt.
func (a *app) warnings(p *enforce.Prepared) {
	for _, problem := range p.Warnings {
		a.say(problem.Caret())
	}
	if p.Host != nil {
		for _, w := range p.Host.Warnings {
			a.warn(w)
		}
	}
	if p.Unwalked != nil {
		a.warn(fmt.Sprintf("the policy's tests were not followed through the rules of this host: %v", p.Unwalked))
	}
}

// printJSON writes v as the verb's only output.
func (a *app) printJSON(v any) error {
	encoder := json.NewEncoder(a.stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// machine is the host, or the snapshot that stands for it.
func (a *app) machine() (enforce.Machine, error) {
	if a.snapshot == "" {
		return enforce.Live(host.Options{DockerHost: a.dockerHost, Version: version}), nil
	}
	s, err := host.ReadSnapshot(a.snapshot)
	if err != nil {
		return nil, err
	}
	return enforce.Recorded(s), nil
}

// enforcer is the policy and the machine of the flags.
func (a *app) enforcer() (*enforce.Enforcer, error) {
	m, err := a.machine()
	if err != nil {
		return nil, err
	}
	return &enforce.Enforcer{Machine: m, PolicyPath: a.policyPath, StateDir: a.stateDir, Backend: a.backend,
		Who: who(), Notice: a.say}, nil
}

// checkFlags refuses what no verb can use.
func (a *app) checkFlags() error {
	switch a.backend {
	case "", enforce.Auto, enforce.NFTables, enforce.IPTables:
		return nil
	}
	return fmt.Errorf("--backend %s: there are the backends nftables and iptables", a.backend)
}

// needRoot is the error of a verb that the kernel would refuse, before anything is tried. Snapshots need no root.
func (a *app) needRoot(c *cobra.Command) error {
	if a.snapshot != "" || os.Geteuid() == 0 {
		return nil
	}
	return fmt.Errorf("%s needs root, because only root may look at or change the kernel's rules: try `sudo %s`",
		c.Name(), c.CommandPath())
}

// needHost is needRoot for a verb that changes the host, which no snapshot can stand for.
func (a *app) needHost(c *cobra.Command) error {
	if a.snapshot != "" {
		return fmt.Errorf("%s works on the host itself: leave --snapshot out", c.Name())
	}
	return a.needRoot(c)
}

// agree asks on a terminal whether to go on. Without one, or answered otherwise, it is an error.
func (a *app) agree(c *cobra.Command, question string) error {
	if !term.IsTerminal(int(a.stdin.Fd())) || a.json {
		return fmt.Errorf("nothing was changed: there is no terminal to ask on; to go on without being asked, say `%s --yes`",
			c.CommandPath())
	}
	fmt.Fprintf(a.stderr, "%s [y/N] ", question)
	answer, err := readLine(c.Context(), a.stdin)
	if err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	if answer := strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		a.say("nothing was changed")
		return outcome(exitDifferent)
	}
	return nil
}
