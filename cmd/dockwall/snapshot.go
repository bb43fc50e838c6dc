package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/host"
)

const snapshotHelp = `Saves what the host is and its rules in one file, for --snapshot and for bug reports. Environment
variables, mounts and command lines of containers are left out; labels are in it, so the file is
readable by its owner only. Without FILE, or with -, it goes to standard output.`

func (a *app) snapshotVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "snapshot [FILE]",
		Short: "Save the host and its rules in one file",
		Long:  snapshotHelp,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.needHost(c); err != nil {
				return err
			}
			s, err := host.TakeSnapshot(c.Context(), host.Options{DockerHost: a.dockerHost, Version: version})
			var noEngine *host.NoEngineError
			if errors.As(err, &noEngine) {
				a.warn(fmt.Sprintf("the snapshot is without containers: %v", err))
			} else if err != nil {
				return err
			}
			for tool, why := range s.Rules.Missing {
				a.warn(fmt.Sprintf("the snapshot is without what %s shows: %s", tool, why))
			}
			return a.saveSnapshot(s, args)
		},
	}
}

func (a *app) saveSnapshot(s *host.Snapshot, args []string) error {
	if len(args) == 0 || args[0] == "-" {
		return a.printJSON(s)
	}
	if err := s.WriteFile(args[0]); err != nil {
		return err
	}
	a.say("the snapshot is in " + args[0])
	return nil
}
