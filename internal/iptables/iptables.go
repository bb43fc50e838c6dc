// Package iptables enforces a gate with iptables-restore, one transaction for each address family, and ipset.
//
// Where the rules stand. DOCKER-USER's first rule jumps to DOCKWALL-FORWARD, INPUT's to DOCKWALL-INPUT and OUTPUT's to
// DOCKWALL-OUTPUT, all in the table filter. For IPv6, where Docker has no DOCKER-USER or does not use it, FORWARD's
// first rule takes its place. Everything is judged by what conntrack knows of the conversation, so that both of its
// directions meet the same chain. Inside our chains rules only go on (-g) and never jump, so that RETURN, which is what
// "allow" does, leads back to DOCKER-USER: later rules of the host's owner and Docker's own still decide.
//
// Names. A chain's and a set's name holds a hash of its content, and the content of a chain has the names of those it
// goes to. So a name means the same rules everywhere, the difference between two gates is the difference between two
// lists of names, and what is in both is not touched and keeps its counters. Only the three chains above have rules
// that change under one name, and DOCKWALL-ABOUT, where no packet comes: its comment says since when the rules stand.
//
// Cost for a packet. Ports are found by a tree of chains with at most 16 branches a node and four levels, and bridges
// by the beginnings of their names, so that neither the number of rules nor that of networks makes a list to walk. A
// line with more than four prefixes is one look-up in a set, as are many rules that differ only in their client.
//
// Order. New sets are made, then each family's transaction puts chains, jumps and removals in force at once, then old
// sets are destroyed. If IPv6's is refused, IPv4's is put back.
//
// The text of a Change, and of Render, is the input of these programs in sections: see Sections. To install a rendered
// gate by hand, feed the part under "# ipset restore" to `ipset restore`, the one under "# iptables-restore --noflush"
// to that, and the one under "# ip6tables-restore --noflush" to that; each header is a comment to the program. That is
// for a host without rules of ours: over older ones it leaves their jumps and chains standing, until the next Change.
//
// Limits. There is no one transaction over both families. A set of more than four dialled addresses is compared only
// where no NAT rule rewrote the destination. The legacy variant keeps the table filter of a family in the kernel once
// it was used, empty after Remove; the nft variant leaves nothing.
package iptables

import (
	"context"
	"fmt"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
)

// Options say which iptables to use.
type Options struct {
	Variant string           // "nft" or "legacy": the one that carries Docker's chains; "": whatever the plain names are
	IPv6    string           // the chain with IPv6's jump as Render writes it: "DOCKER-USER" (also "") or "FORWARD"
	Now     func() time.Time // nil: time.Now
}

// Backend enforces gates under DOCKER-USER. It is for one goroutine at a time.
type Backend struct {
	options   Options
	tools     tools
	seen      *reading // by the last Read: where Docker's chains are, for a Change with nothing installed
	rehearsed rehearsal
}

var _ backend.Backend = (*Backend)(nil)

// New makes a backend. It does not look for the programs yet.
func New(o Options) *Backend {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Backend{options: o, tools: tools{o.Variant}}
}

// Name is "iptables".
func (b *Backend) Name() string { return "iptables" }

// Render is the whole gate in sections, for a host where Docker's chains are where the last Read saw them, or, without
// one, as Options say.
func (b *Backend) Render(g *gate.Gate, since time.Time) (string, error) {
	rs, err := compile(g)
	if err != nil {
		return "", err
	}
	if since.IsZero() {
		since = b.options.Now()
	}
	c, err := b.change(rs, b.assumed(), nil, since)
	return c.Text, err
}

// assumed is a host that has Docker's chains and nothing of ours.
func (b *Backend) assumed() *reading {
	r := &reading{variant: b.options.Variant, saved: map[*family]*saved{}}
	if b.seen == nil {
		r.saved[ipv4], r.saved[ipv6] = newSaved(), newSaved()
		r.saved[ipv4].user, r.saved[ipv4].used = true, true
		r.saved[ipv6].user, r.saved[ipv6].used = true, b.options.IPv6 != "FORWARD"
		return r
	}
	for _, f := range b.seen.families() {
		r.saved[f] = newSaved()
		r.saved[f].user, r.saved[f].used = b.seen.saved[f].user, b.seen.saved[f].used
	}
	return r
}

// Read reads what is installed in the network namespace of the calling thread, and notes where Docker's chains are.
func (b *Backend) Read(ctx context.Context) (*backend.Installed, error) {
	r, err := look(ctx, b.tools)
	if err != nil {
		return nil, err
	}
	b.seen = r
	if !r.exists() {
		return nil, nil
	}
	return r.installed(), nil
}

// Change is the difference between what is installed and the gate. Where something is installed, the gate is rehearsed
// first (which needs root), unless that was done already: it has to be known how its rules read back. With nothing
// installed, the host is as the last Read saw it, or as Options say. A host without DOCKER-USER is a
// *NoDockerUserError.
func (b *Backend) Change(g *gate.Gate, installed *backend.Installed) (backend.Change, error) {
	rs, err := compile(g)
	if err != nil {
		return backend.Change{}, err
	}
	if installed == nil {
		has := b.seen
		if has == nil || has.exists() {
			has = b.assumed()
		}
		return b.change(rs, has, nil, b.options.Now())
	}
	has, ok := installed.Raw.(*reading)
	if !ok {
		return backend.Change{}, fmt.Errorf("what is installed was read by another backend: %T", installed.Raw)
	}
	ctx, cancel := context.WithTimeout(context.Background(), rehearsalLimit)
	defer cancel()
	expected, err := b.rehearse(ctx, rs)
	if err != nil {
		return backend.Change{}, err
	}
	return b.change(rs, has, expected, b.options.Now())
}

func (b *Backend) change(rs *ruleset, has *reading, expected map[*family]listing, since time.Time) (backend.Change, error) {
	d, err := compare(rs, has, expected, since)
	if err != nil {
		return backend.Change{}, err
	}
	return d.change(), nil
}
