package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/enforce"
)

const resetHelp = `Removes everything that dockwall installed, by both backends, and nothing else. Every published
port is then as open as Docker makes it. The policy file stays. It needs neither Docker nor a policy.`

func (a *app) resetVerb() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "reset",
		Short: "Remove everything that dockwall installed",
		Long:  resetHelp,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.needHost(c); err != nil {
				return err
			}
			return a.reset(c, yes)
		},
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

func (a *app) reset(c *cobra.Command, yes bool) error {
	e, err := a.enforcer()
	if err != nil {
		return err
	}
	removed, err := e.Reset(c.Context(), func(found []enforce.Holding) error {
		if yes {
			return nil
		}
		for _, name := range names(found) {
			a.say("the rules of the " + name + " backend will be removed: " +
				"every published port will be as open as Docker makes it")
		}
		return a.agree(c, "Remove them?")
	})
	switch {
	case err != nil:
		return err
	case a.json:
		return a.printJSON(struct {
			Removed []string `json:"removed"` // backends
		}{names(removed)})
	case len(removed) == 0:
		a.printf("nothing to remove: dockwall has nothing installed\n")
	}
	for _, name := range names(removed) {
		a.printf("removed the rules of the %s backend\n", name)
	}
	return nil
}

func names(holdings []enforce.Holding) []string {
	names := []string{}
	for _, h := range holdings {
		names = append(names, h.Backend.Name())
	}
	return slices.Compact(names) // iptables may be there in both variants
}
