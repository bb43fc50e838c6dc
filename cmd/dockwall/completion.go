package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/publication"
)

// completionTime is how long a shell waits for the engine before it goes without its containers.
const completionTime = time.Second

// completeSentence offers the words that can come next in a sentence: published ports, then clauses, sets after the one
// and containers after the other.
func (a *app) completeSentence(c *cobra.Command, words []string, _ string) ([]string, cobra.ShellCompDirective) {
	const only = cobra.ShellCompDirectiveNoFileComp
	if len(words) == 0 {
		return append(a.publishedPorts(c.Context()), "all", "tcp", "udp", "sctp", "icmp"), only
	}
	switch words[len(words)-1] {
	case "from", "to", "except":
		return slices.Concat([]string{"any"}, a.setNames(), a.containerNames(c.Context())), only
	case "on", "at":
		return nil, only
	}
	next := []string{"from", "to", "except", "on", "at", "log"}
	return slices.DeleteFunc(next, func(w string) bool { return slices.Contains(words, w) }), only
}

// completeRule offers the sentences of the policy, from the words that are there already.
func (a *app) completeRule(_ *cobra.Command, words []string, _ string) ([]string, cobra.ShellCompDirective) {
	p, _, err := enforce.Load(a.policyPath)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var next []string
	for _, r := range slices.Concat(p.Ingress, p.Egress) {
		sentence := strings.Fields(r.String())
		if len(sentence) > len(words) && slices.Equal(sentence[:len(words)], words) {
			next = append(next, sentence[len(words)])
		}
	}
	slices.Sort(next)
	return slices.Compact(next), cobra.ShellCompDirectiveNoFileComp
}

func (a *app) setNames() []string {
	p, _, err := enforce.Load(a.policyPath)
	if err != nil {
		return nil
	}
	var names []string
	for name := range p.Sets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// completionHost is the host if it can be had quickly, and else an empty one.
func (a *app) completionHost(ctx context.Context) *host.Host {
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	m, err := a.machine()
	if err != nil {
		return &host.Host{}
	}
	if h, err := m.Host(ctx); err == nil {
		return h
	}
	return &host.Host{}
}

func (a *app) containerNames(ctx context.Context) []string {
	var names []string
	for _, c := range a.completionHost(ctx).Containers {
		names = append(names, c.Name)
		if c.Project != "" && c.Service != "" {
			names = append(names, c.Project+"/"+c.Service)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (a *app) publishedPorts(ctx context.Context) []string {
	var ports []string
	for _, p := range publication.All(a.completionHost(ctx)) {
		if !p.Loopback() {
			ports = append(ports, p.Dialled())
		}
	}
	return slices.Compact(ports)
}
