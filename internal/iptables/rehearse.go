package iptables

import (
	"context"
	"fmt"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
)

// rehearsalLimit ends a rehearsal that Change needs.
const rehearsalLimit = time.Minute

// rehearsal is how a ruleset read back.
type rehearsal struct {
	identity string // of the ruleset
	listings map[*family]listing
}

// stubs are Docker's chains, as far as we stand on them.
const stubs = "*filter\n:" + dockerUser + " - [0:0]\n-A FORWARD -j " + dockerUser + "\nCOMMIT\n"

// Rehearse loads the gate into a throwaway network namespace, reads it back, and compares it with what was loaded. It
// needs root. What it learns about how the rules read back is kept for Change.
func (b *Backend) Rehearse(ctx context.Context, g *gate.Gate) error {
	rs, err := compile(g)
	if err != nil {
		return err
	}
	_, err = b.rehearse(ctx, rs)
	return err
}

// rehearse is Rehearse for a ruleset; one that was rehearsed last is not rehearsed again.
func (b *Backend) rehearse(ctx context.Context, rs *ruleset) (map[*family]listing, error) {
	identity := rs.identity()
	if b.rehearsed.identity == identity {
		return b.rehearsed.listings, nil
	}
	var listings map[*family]listing
	err := backend.InThrowaway(func() (err error) {
		listings, err = b.tryOut(ctx, rs)
		return err
	})
	if err != nil {
		return nil, err
	}
	b.rehearsed = rehearsal{identity, listings}
	return listings, nil
}

// tryOut loads a ruleset into the empty namespace that it is called in, and lists it.
func (b *Backend) tryOut(ctx context.Context, rs *ruleset) (map[*family]listing, error) {
	for _, f := range families {
		if f == ipv6 && !hasIPv6() {
			continue
		}
		if err := b.tools.restore(ctx, f, stubs, false); err != nil {
			return nil, err
		}
	}
	before, err := look(ctx, b.tools)
	if err != nil {
		return nil, err
	}
	change, err := b.change(rs, before, nil, b.options.Now())
	if err != nil {
		return nil, err
	}
	if err := b.Apply(ctx, change); err != nil {
		return nil, err
	}
	after, err := look(ctx, b.tools)
	if err != nil {
		return nil, err
	}
	return b.readBack(rs, after)
}

// readBack is the listings of a host on which the ruleset was just installed, if everything is there.
func (b *Backend) readBack(rs *ruleset, after *reading) (map[*family]listing, error) {
	listings := map[*family]listing{}
	for _, f := range after.families() {
		listings[f] = after.saved[f].listing()
		for _, c := range rs.chains[f] {
			if err := c.sameAs(listings[f][c.name]); err != nil {
				return nil, fmt.Errorf("%s did not keep what it was given: %w", f.tool, err)
			}
		}
	}
	rest, err := b.change(rs, after, listings, b.options.Now())
	if err == nil && !rest.Empty() {
		err = fmt.Errorf("the rules were loaded, but the kernel did not keep all of them (%s)", rest.Summary)
	}
	return listings, err
}

// sameAs tells whether rules that were read back are those of the chain, as far as that can be seen without knowing how
// iptables prints a match.
func (c chain) sameAs(rules []string) error {
	if len(rules) != len(c.rules) {
		return fmt.Errorf("chain %s has %d rules in place of %d", c.name, len(rules), len(c.rules))
	}
	for i, text := range rules {
		wrote, read := parseRule(lasting(c.rules[i].text())), parseRule(text)
		if wrote.target() != read.target() || wrote.after("--comment") != read.after("--comment") {
			return fmt.Errorf("chain %s, rule %d: %q reads back as %q", c.name, i+1, c.rules[i].text(), text)
		}
	}
	return nil
}
