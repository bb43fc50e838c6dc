// Package backend is what the two ways of enforcing a gate have in common: the interface they fill, and the installed
// gate as either of them reads it back from the kernel.
//
// The kernel is the state: everything here can be read back from the installed rules and their comments alone.
package backend

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// Backend enforces gates in the network namespace it runs in.
type Backend interface {
	// Name is "nftables" or "iptables".
	Name() string
	// Render is the whole gate as the text that the backend's tool takes (nft -f, or iptables-restore), for a host
	// that has none of dockwall's rules yet or any older ones. since is when it came into force, as the rules say; zero:
	// now.
	Render(g *gate.Gate, since time.Time) (string, error)
	// Read reads what is installed. Nothing of dockwall's there: nil, nil.
	Read(ctx context.Context) (*Installed, error)
	// Change is the difference between what is installed (nil: nothing) and the gate. No difference: an empty Change.
	Change(g *gate.Gate, installed *Installed) (Change, error)
	// Rehearse loads the rendered gate into a throwaway network namespace, reads it back and compares.
	Rehearse(ctx context.Context, g *gate.Gate) error
	// Apply puts a change in force in one transaction. Refused by the kernel: a *RefusedError, and nothing changed.
	Apply(ctx context.Context, c Change) error
	// Restore puts a gate in force as it was rendered for this machine earlier. Nothing of dockwall's is installed, and
	// nothing of Docker's need be.
	Restore(ctx context.Context, rules string) error
	// Remove takes everything of dockwall's away. Nothing there: no error.
	Remove(ctx context.Context) error
}

// Change is what a backend would do, as the exact text that it runs. Empty text: nothing to do.
type Change struct {
	Text    string
	Summary string // "3 chains new, 1 gone, 12 set elements new", for people
}

// Empty tells whether there is nothing to do.
func (c Change) Empty() bool { return c.Text == "" }

// Installed is the gate that the kernel enforces, as read back.
type Installed struct {
	Since time.Time // when it was last changed; zero: the rules do not say
	Lines []Line
	Raw   any // the backend's own reading, for Change
}

// Guards tells whether there is a gate of dockwall's at all: one that was dated, or one with lines.
func (i *Installed) Guards() bool { return !i.Since.IsZero() || len(i.Lines) > 0 }

// Way is the dispatch that a line stands in.
type Way = gate.Way

// The ways.
const (
	Ingress = gate.Ingress
	Local   = gate.Local
	Egress  = gate.Egress
)

// Line is one installed line (or one member of a merged line), or a dispatch's default where Default is set.
type Line struct {
	Family  int // 4 or 6
	Way     Way
	Ports   []Ports // where the line's chain is dispatched from; empty: everything else
	Action  policy.Action
	Default bool
	Rule    gate.RuleRef // as the rule's comment has it
	Packets uint64
	Bytes   uint64
}

// Ports is an inclusive range of ports of one protocol. Echo: Protocol is host.ICMP, both ports 0.
type Ports struct {
	Protocol    host.Protocol
	First, Last uint16
}

// RefusedError is a transaction that the kernel, or the tool on its way there, did not take.
type RefusedError struct {
	Tool    string // "nft", "iptables-restore", ...
	Message string // what it said
	Line    string // the line of the transaction it complains about, "" if it does not say
}

func (e *RefusedError) Error() string {
	if e.Line == "" {
		return fmt.Sprintf("%s refused the rules: %s; nothing was changed", e.Tool, e.Message)
	}
	return fmt.Sprintf("%s refused the rules: %s; the line was: %s; nothing was changed", e.Tool, e.Message, e.Line)
}

// ErrNoNFTables is a kernel without nf_tables, in which no rule of the nftables backend and of the nft variant of iptables
// can be.
var ErrNoNFTables = errors.New("this kernel has no nf_tables (CONFIG_NF_TABLES; try `modprobe nf_tables`)")

// MissingToolError is a program that is not installed.
type MissingToolError struct {
	Tool    string // "nft"
	Package string // "nftables"
}

func (e *MissingToolError) Error() string {
	return fmt.Sprintf("%s was not found: install the package %s (apt install %s)", e.Tool, e.Package, e.Package)
}
