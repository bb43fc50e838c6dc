package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/imports"
)

const importHelp = `Reads a DOCKER-USER chain and prints the policy that means the same: from the host (or
--snapshot), or from FILE: the output of iptables-save or of "iptables -S DOCKER-USER", or a shell
script of iptables commands. FILE "-" is standard input.

What could not be carried over, and what looks like a typing error, is said on standard error, too.`

func (a *app) importVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "import [FILE]",
		Short: "Print the policy that means the same as a DOCKER-USER chain",
		Long:  importHelp,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, files []string) error {
			text, h, err := a.chain(c, files)
			if err != nil {
				return err
			}
			imported, err := imports.Import(text, h)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(imported)
			}
			a.printf("%s", imported.Policy)
			a.notes("not carried over", imported.NotCarried)
			a.notes("a typing error?", imported.Typos)
			return nil
		},
	}
}

func (a *app) notes(kind string, notes []imports.Note) {
	for _, n := range notes {
		place := ""
		if n.Line > 0 {
			place = fmt.Sprintf("line %d: %s: ", n.Line, n.Text)
		}
		a.say(a.errStyle.doubtful(kind+": ") + place + n.Why)
	}
}

// chain is the text to import, and the host it is for, which is without containers where no engine can be asked.
func (a *app) chain(c *cobra.Command, files []string) (string, *host.Host, error) {
	if len(files) == 0 {
		return a.hostChain(c)
	}
	text, err := readText(a.stdin, files[0])
	if err != nil {
		return "", nil, fmt.Errorf("the rules to import cannot be read: %w", err)
	}
	m, err := a.machine()
	if err != nil {
		return "", nil, err
	}
	h, err := m.Host(c.Context())
	var noEngine *host.NoEngineError
	if errors.As(err, &noEngine) {
		a.warn(fmt.Sprintf("nothing is known of what is published: %v", err))
		err = nil
	}
	return text, h, err
}

func readText(stdin io.Reader, name string) (string, error) {
	if name == "-" {
		text, err := io.ReadAll(stdin)
		return string(text), err
	}
	text, err := os.ReadFile(name)
	return string(text), err
}

// hostChain is the rules of the iptables that carries Docker's chains.
func (a *app) hostChain(c *cobra.Command) (string, *host.Host, error) {
	if err := a.needRoot(c); err != nil {
		return "", nil, err
	}
	s, err := a.rules(c.Context())
	if err != nil {
		return "", nil, err
	}
	four, six := s.Rules.IPTables, s.Rules.IP6Tables
	if s.Host.Iptables == "legacy" {
		four, six = s.Rules.IPTablesLegacy, s.Rules.IP6TablesLegacy
	}
	if strings.Count(six, "-A DOCKER-USER ") > strings.Count(six, "-A DOCKER-USER -j RETURN\n") {
		a.warn("the DOCKER-USER chain of ip6tables has rules, too: import them from a file (ip6tables-save >FILE)")
	}
	return four, s.Host, nil
}

// rules is the snapshot of the flags, or one taken now.
func (a *app) rules(ctx context.Context) (*host.Snapshot, error) {
	if a.snapshot != "" {
		return host.ReadSnapshot(a.snapshot)
	}
	return host.TakeSnapshot(ctx, host.Options{DockerHost: a.dockerHost, Version: version})
}
