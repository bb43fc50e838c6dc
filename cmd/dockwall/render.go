package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/iptables"
)

const renderHelp = `Prints the whole text that puts the policy in force, as a file for the backend's own tool. It
changes nothing.

nftables: for nft -f. iptables: the parts for ipset restore, iptables-restore --noflush and
ip6tables-restore --noflush, each under a line that names its program; --part prints one of them.`

// parts are what --part can be.
var parts = map[string]string{"sets": iptables.SetsHeader, "ipv4": iptables.IPv4Header, "ipv6": iptables.IPv6Header}

type renderView struct {
	Backend string `json:"backend"`
	Text    string `json:"text"`
}

func (a *app) renderVerb() *cobra.Command {
	var part string
	c := &cobra.Command{
		Use:   "render",
		Short: "Print the rules of the policy as a file for nft or iptables-restore",
		Long:  renderHelp,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			e, err := a.enforcer()
			if err != nil {
				return err
			}
			prepared, b, text, err := e.Render(c.Context())
			a.warnings(prepared)
			if err == nil && part != "" {
				text, err = partOf(text, b.Name(), part)
			}
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(renderView{b.Name(), text})
			}
			a.printf("%s", text)
			return nil
		},
	}
	c.Flags().StringVar(&part, "part", "", "of the iptables backend, only this: sets, ipv4 or ipv6")
	_ = c.RegisterFlagCompletionFunc("part", cobra.FixedCompletions(
		[]string{"sets", "ipv4", "ipv6"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// partOf is one part of what the iptables backend renders; "" where the policy needs none.
func partOf(text, backend, part string) (string, error) {
	header, known := parts[part]
	switch {
	case backend != enforce.IPTables:
		return "", errors.New("--part is for the iptables backend: add --backend iptables")
	case !known:
		return "", fmt.Errorf("--part %s: the parts are sets, ipv4 and ipv6", part)
	}
	sections, err := iptables.Sections(text)
	if err != nil {
		return "", err
	}
	for _, s := range sections {
		if s.Header == header {
			return s.Text, nil
		}
	}
	return "", nil
}
