package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/initial"
)

const initHelp = `Looks at the host and writes a policy that keeps today's publications reachable as they are, each
with a remark on who can reach it now. A policy that is there already is never overwritten.

With --snapshot, the policy goes to standard output.`

func (a *app) initVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Write a policy that keeps everything as it is",
		Long:  initHelp,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			m, err := a.machine()
			if err != nil {
				return err
			}
			h, err := m.Host(c.Context())
			if err != nil {
				return err
			}
			text, err := initial.Policy(h)
			if err != nil {
				return err
			}
			if a.snapshot != "" {
				return a.showPolicy(text)
			}
			return a.writePolicy(text)
		},
	}
}

type policyView struct {
	File string `json:"file,omitempty"` // where it was written
	Text string `json:"text"`
}

func (a *app) showPolicy(text []byte) error {
	if a.json {
		return a.printJSON(policyView{Text: string(text)})
	}
	_, err := a.stdout.Write(text)
	return err
}

func (a *app) writePolicy(text []byte) error {
	if err := createPolicy(a.policyPath, text); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(policyView{a.policyPath, string(text)})
	}
	a.printf("wrote %s\n", a.policyPath)
	a.say("nothing is in force yet: edit it, look with `dockwall plan`, then `dockwall apply`")
	return nil
}

// createPolicy writes a file that was not there before, whole or not at all.
func createPolicy(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("the policy's directory cannot be made: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and init overwrites nothing; --policy names another file", path)
	}
	if err != nil {
		return fmt.Errorf("the policy cannot be written: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Chmod(0o644), f.Close()); err != nil {
		_ = os.Remove(path)
		return fmt.Errorf("the policy cannot be written: %w", err)
	}
	return nil
}
