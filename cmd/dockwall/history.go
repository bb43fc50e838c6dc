package main

import (
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/journal"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/wording"
)

const historyHelp = `Lists what was in force, the newest first: when, who put it there, and why. The oldest entries go
when there are more than 200, or more than 64 MiB of them.`

func (a *app) historyVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "history",
		Short: "List what was in force",
		Long:  historyHelp,
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			headers, err := a.history().Headers()
			if a.json {
				if headers == nil {
					headers = []journal.Header{}
				}
				return errors.Join(a.printJSON(headers), err)
			}
			a.showHistory(headers)
			return err
		},
	}
}

func (a *app) history() journal.Journal { return (&enforce.Enforcer{StateDir: a.stateDir}).History() }

func (a *app) showHistory(headers []journal.Header) {
	if len(headers) == 0 {
		a.say("the history is empty: nothing was put in force yet")
		return
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, h := range headers {
		backend := h.Backend
		if h.Empty() {
			backend = "nothing"
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\n", h.Number, h.Time.Local().Format(time.DateTime), backend,
			wording.Printable(h.Who), wording.Printable(h.Why))
	}
	_ = table.Flush()
}

const diffHelp = `Shows how the policy of entry N of the history differs from the policy's files as they are now, or
with M from that of entry M. Exit code 0: not at all; 2: it differs.`

func (a *app) diffVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "diff N [M]",
		Short: "Compare the policy with an older one",
		Long:  diffHelp,
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			old, err := a.entry(args[0])
			if err != nil {
				return err
			}
			name, sources := "now", []policy.Source(nil)
			if len(args) == 2 {
				entry, err := a.entry(args[1])
				if err != nil {
					return err
				}
				name, sources = args[1], entry.Policy
			} else if _, sources, _, err = enforce.LoadWithSources(a.policyPath); err != nil && len(sources) == 0 {
				return err
			}
			return a.showDifference(args[0], old.Policy, name, sources)
		},
	}
}

// entry is the entry of the history with the number that somebody typed.
func (a *app) entry(number string) (*journal.Entry, error) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return nil, fmt.Errorf("%q is no number of an entry: dockwall history lists them", number)
	}
	return a.history().Entry(n)
}

func (a *app) showDifference(oldName string, old []policy.Source, newName string, now []policy.Source) error {
	different := false
	for _, path := range paths(old, now) {
		text := diff.Diff(path+" ("+oldName+")", textOf(old, path), path+" ("+newName+")", textOf(now, path))
		different = different || len(text) > 0
		a.printf("%s", text)
	}
	if different {
		return outcome(exitDifferent)
	}
	return nil
}

// paths are those of both, each once.
func paths(lists ...[]policy.Source) []string {
	var all []string
	seen := map[string]bool{}
	for _, list := range lists {
		for _, s := range list {
			if !seen[s.Path] {
				seen[s.Path] = true
				all = append(all, s.Path)
			}
		}
	}
	return all
}

func textOf(sources []policy.Source, path string) []byte {
	for _, s := range sources {
		if s.Path == path {
			return []byte(s.Text)
		}
	}
	return nil
}
