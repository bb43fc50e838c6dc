// Package nftables enforces a gate as one table of the kernel's nf_tables, inet dockwall: it renders the table as text,
// rehearses it in a throwaway network namespace, installs it by its difference, reads it back and removes it.
//
// How a packet is judged:
//
//	forward ─┬─ to_container ───┬─▶ ingress4 ─▶ ingress4_dispatch ─▶ ingress4_tcp_8123 ─▶ refuse
//	         └─ from_container ─┴─▶ egress4 ─▶ ...
//	input ──── to_host ─────────┬─▶ local4 ─▶ ...
//	output ─── from_host ───────┘
//
// Invariants. Whatever is not between a container and outside, or at a published port of the host, costs a few
// comparisons of its interfaces' names and a lookup of its port. A conversation's port is found in a hash, its client
// in at most one set for each line. Both directions of a conversation meet the same rules.
//
// Every change is one transaction. Rules and elements that are the same before and after it are not touched, and keep
// their counters. What is the same is decided by the kernel's own words: a rehearsal tells how it words the table that
// is wanted, and any difference from what is installed is repaired, whoever made it. All in the table is dockwall's;
// nothing outside it is ever touched.
//
// A rule's comment says which sentence of the policy it came from, and the chain "about" since when the table is what
// it is.
package nftables

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
)

// Options say what a Backend works with. The zero Options are right outside of tests.
type Options struct {
	Nft string           // the program; "": as found in PATH
	Now func() time.Time // nil: time.Now
}

// Backend enforces gates by nftables, in the network namespace of the thread that calls it. A gate must not be changed
// any more once a Backend has seen it.
type Backend struct {
	options Options
	mu      sync.Mutex
	last    *prepared // nil: none yet
}

var _ backend.Backend = (*Backend)(nil)

// New is a backend.
func New(o Options) *Backend {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Backend{options: o}
}

// Name is "nftables".
func (b *Backend) Name() string { return "nftables" }

// Render is the gate as a file that nft -f takes. It takes the place of any table of dockwall's, in one transaction.
func (b *Backend) Render(g *gate.Gate, since time.Time) (string, error) {
	p, err := b.prepare(g)
	if err != nil {
		return "", err
	}
	if since.IsZero() {
		since = b.options.Now()
	}
	return p.whole(since), nil
}

// Read reads the installed table. None: nil, nil.
func (b *Backend) Read(ctx context.Context) (*backend.Installed, error) {
	r, err := read(ctx)
	if err != nil || r == nil {
		return nil, err
	}
	return &backend.Installed{Since: r.about().since, Lines: r.lines(), Raw: r}, nil
}

// changeTimeout bounds a rehearsal that Change has to make.
const changeTimeout = time.Minute

// Change is the difference between the installed table and the gate. Where something is installed it needs to know how
// the kernel words the gate, and rehearses it, unless that has been done.
func (b *Backend) Change(g *gate.Gate, installed *backend.Installed) (backend.Change, error) {
	p, err := b.prepare(g)
	if err != nil {
		return backend.Change{}, err
	}
	if installed == nil {
		return backend.Change{Text: p.whole(b.options.Now()), Summary: "new: " + p.table.summary()}, nil
	}
	have, ok := installed.Raw.(*reading)
	if !ok {
		return backend.Change{}, errors.New("what is installed was not read by the nftables backend: " +
			"this is a bug in dockwall")
	}
	ctx, cancel := context.WithTimeout(context.Background(), changeTimeout)
	defer cancel()
	shown, err := b.rehearse(ctx, p)
	if err != nil {
		return backend.Change{}, err
	}
	return p.change(shown, have, b.options.Now()), nil
}

// Rehearse loads the gate into a throwaway network namespace, reads it back and compares.
func (b *Backend) Rehearse(ctx context.Context, g *gate.Gate) error {
	p, err := b.prepare(g)
	if err == nil {
		_, err = b.rehearse(ctx, p)
	}
	return err
}

// Apply runs a change.
func (b *Backend) Apply(ctx context.Context, c backend.Change) error {
	if c.Empty() {
		return nil
	}
	return b.load(ctx, c.Text)
}

// Remove deletes the table. No table: no error, and nft is not needed.
func (b *Backend) Remove(ctx context.Context) error {
	r, err := read(ctx)
	if err != nil || r == nil {
		return err
	}
	return b.load(ctx, fmt.Sprintf("add table %s\ndelete table %s\n", tableName, tableName))
}
