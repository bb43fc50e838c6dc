// Package enforce is the way from a policy file to a kernel that enforces it, and back: it loads, tests and compiles
// the policy, picks the backend, compares with what is installed, installs, reads back and removes.
//
// Invariants. Whatever changes the kernel happens under the lock of the state directory, and what it is based on is
// collected after the lock was taken. Nothing is changed before the policy's tests hold, the caller has agreed to the
// plan, and the rules were rehearsed in a throwaway namespace. Of two backends the new one is installed before the old
// one is removed, so no moment is more open than both. Whatever fails leaves the last good rules in force.
package enforce

import (
	"context"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/confirm"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
)

// The names of the backends, as --backend and `backend:` have them.
const (
	Auto     = "auto"
	NFTables = "nftables"
	IPTables = "iptables"
)

// Machine is what a policy is enforced on: the host it runs on, or a snapshot, of which only the reading half works.
type Machine interface {
	// Host says what the machine is. Without a Docker engine it is a *host.NoEngineError.
	Host(ctx context.Context) (*host.Host, error)
	// Capture reads the rules of all tools, and what else decides where packets go. h is what Host said.
	Capture(ctx context.Context, h *host.Host) (*netfilter.Machine, error)
	// HasNFTables tells whether the kernel has nf_tables and nft is there to speak to it.
	HasNFTables(ctx context.Context) bool
	// Backends are all that can have rules installed. Of several with one name, the first is the one for the host (nil:
	// not known).
	Backends(h *host.Host) []backend.Backend
	// Signpost keeps the rule in DOCKER-USER whose comment says where the rules are. It decides nothing. Where there is no
	// DOCKER-USER or no iptables it has nothing to do, which is no error.
	Signpost() Signpost
}

// Signpost is the rule that tells people who look into DOCKER-USER where the rules are.
type Signpost interface {
	Install(ctx context.Context, h *host.Host) error
	Remove(ctx context.Context) error
}

// Enforcer puts the policy at PolicyPath in force on a machine.
type Enforcer struct {
	Machine    Machine
	PolicyPath string
	StateDir   string
	Backend    string            // what the command line asks for; "": as the policy says
	Who        string            // for the history: who asks
	Notice     func(text string) // told what the caller may be wondering about, such as why it takes time
	Draft      *confirm.Draft    // is tried in place of what the policy file says; nil: the file as it is
	Try        bool              // Add and Remove make a draft, and leave the policy file as it is
	Tell       func(text string) // tells everyone logged in that an unconfirmed change is gone; nil: nobody is told
}
