// Package planned is a host as it would be with other rules of dockwall's: what was captured of it, with the installed
// gate taken out and the rendered one put in its place. So the rules that are about to be installed can be followed in
// the surroundings that they will stand in, before anything is changed.
package planned

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/netfilter"
)

// Machine is the captured machine with the gate as the backend renders it; m stays as it is. The nftables backend's text
// is read back from a throwaway network namespace, because only nft knows what it means.
func Machine(ctx context.Context, m *netfilter.Machine, b backend.Backend, g *gate.Gate) (*netfilter.Machine, error) {
	text, err := b.Render(g, time.Time{})
	if err != nil {
		return nil, err
	}
	with := *m
	with.Rules = Without(m.Rules)
	if b.Name() == "nftables" {
		tables, err := readBack(ctx, text)
		if err != nil {
			return nil, fmt.Errorf("the rules cannot be tried out: %w", err)
		}
		with.Rules.Tables = append(with.Rules.Tables, tables...)
		return &with, nil
	}
	return &with, addChains(with.Rules, text)
}

// Without is a ruleset without anything of dockwall's. Tables that nothing is taken from are shared with it.
func Without(r *netfilter.Ruleset) *netfilter.Ruleset {
	clean := *r
	clean.Tables = nil
	for _, t := range r.Tables {
		if t.Origin != netfilter.Native || t.Name != "dockwall" {
			clean.Tables = append(clean.Tables, withoutChains(t))
		}
	}
	return &clean
}

// own tells whether a chain is the iptables backend's.
func own(chain string) bool { return strings.HasPrefix(chain, "DOCKWALL") }

func withoutChains(t *netfilter.Table) *netfilter.Table {
	if t.Origin == netfilter.Native || !slices.ContainsFunc(t.Chains, func(c *netfilter.Chain) bool { return own(c.Name) }) {
		return t
	}
	clean := copied(t)
	clean.Chains = slices.DeleteFunc(clean.Chains, func(c *netfilter.Chain) bool { return own(c.Name) })
	for _, c := range clean.Chains {
		c.Rules = slices.DeleteFunc(c.Rules, leadsToOwn)
		number(c)
	}
	return clean
}

func leadsToOwn(r *netfilter.Rule) bool {
	return slices.ContainsFunc(r.Steps, func(s netfilter.Step) bool {
		v, ok := s.(netfilter.Verdict)
		return ok && own(v.Chain)
	})
}

// copied is a table whose chains and rules can be changed.
func copied(t *netfilter.Table) *netfilter.Table {
	clone := &netfilter.Table{Origin: t.Origin, Family: t.Family, Name: t.Name, Sets: t.Sets, Dormant: t.Dormant}
	for _, c := range t.Chains {
		clone.Chains = append(clone.Chains, adopt(c, clone))
	}
	return clone
}

// adopt is a copy of a chain as a table's own.
func adopt(c *netfilter.Chain, t *netfilter.Table) *netfilter.Chain {
	clone := *c
	clone.Table = t
	clone.Rules = nil
	for _, r := range c.Rules {
		rule := *r
		rule.Chain = &clone
		clone.Rules = append(clone.Rules, &rule)
	}
	return &clone
}

func number(c *netfilter.Chain) {
	for i, r := range c.Rules {
		r.Chain, r.Number = c, i+1
	}
}
