package main

import "github.com/spf13/cobra"

// completeTrace offers containers at both ends, and published ports where a destination can stand.
func (a *app) completeTrace(c *cobra.Command, words []string, _ string) ([]string, cobra.ShellCompDirective) {
	const only = cobra.ShellCompDirectiveNoFileComp
	switch len(words) {
	case 0:
		return a.containerNames(c.Context()), only
	case 1:
		return append(append(a.publishedPorts(c.Context()), "icmp"), a.containerNames(c.Context())...), only
	case 2:
		return append(a.publishedPorts(c.Context()), "icmp"), only
	}
	return nil, only
}
