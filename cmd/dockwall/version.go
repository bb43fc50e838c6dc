package main

import (
	"runtime"

	"github.com/spf13/cobra"
)

type versionView struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (a *app) versionVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of dockwall",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			view := versionView{version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			if a.json {
				return a.printJSON(view)
			}
			a.printf("dockwall %s (%s, %s)\n", view.Version, view.Go, view.Platform)
			return nil
		},
	}
}
