package enforce

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/iptables"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
	"github.com/dockwall/dockwall/internal/nftables"
)

// recorded is the machine of a snapshot.
type recorded struct{ snapshot *host.Snapshot }

// Recorded is the machine of a snapshot. What it has installed is what the comments of its rules say; its backends
// render and compare, and refuse everything else.
func Recorded(s *host.Snapshot) Machine { return recorded{s} }

func (m recorded) Host(context.Context) (*host.Host, error) {
	h := m.snapshot.Host
	if h.Engine == nil {
		return h, &host.NoEngineError{DockerHost: "the host", Reason: "the snapshot was taken while no engine answered"}
	}
	return h, nil
}

func (m recorded) Capture(context.Context, *host.Host) (*netfilter.Machine, error) {
	return capture.Snapshot(m.snapshot), nil
}

// HasNFTables: a snapshot without an nft ruleset says why there is none.
func (m recorded) HasNFTables(context.Context) bool { return m.snapshot.Rules.Missing["nft"] == "" }

// Backends are two: in a snapshot, the variants of iptables are one text.
func (m recorded) Backends(h *host.Host) []backend.Backend {
	r := m.snapshot.Rules
	six := r.IP6Tables
	if h != nil && h.Iptables == "legacy" {
		six = r.IP6TablesLegacy
	}
	chain := "FORWARD"
	if strings.Contains(six, "-A FORWARD -j DOCKER-USER\n") {
		chain = "DOCKER-USER"
	}
	saved := strings.Join([]string{r.IPTables, r.IP6Tables, r.IPTablesLegacy, r.IP6TablesLegacy, r.IPSet}, "\n")
	return []backend.Backend{
		recordedBackend{nftables.New(nftables.Options{}), ownTable(r.NftText)},
		recordedBackend{iptables.New(iptables.Options{IPv6: chain}), ownChains(saved)},
	}
}

func (m recorded) Signpost() Signpost { return nil }

var errRecorded = errors.New("a snapshot cannot be changed")

// recordedBackend reads what a backend has installed from a snapshot's text.
type recordedBackend struct {
	backend.Backend
	text string // all of dockwall's own; "": nothing
}

func (b recordedBackend) Read(context.Context) (*backend.Installed, error) {
	if b.text == "" {
		return nil, nil
	}
	return readComments(b.text), nil
}

// Change is all or nothing: how the rules would be changed, only the host can say.
func (b recordedBackend) Change(g *gate.Gate, installed *backend.Installed) (backend.Change, error) {
	text, err := b.Render(g, time.Time{})
	if err != nil || installed != nil && contentNames(b.Name(), text) == contentNames(b.Name(), b.text) {
		return backend.Change{}, err
	}
	return backend.Change{Text: text, Summary: "all, as far as a snapshot tells"}, nil
}

func (b recordedBackend) Rehearse(context.Context, *gate.Gate) error  { return errRecorded }
func (b recordedBackend) Apply(context.Context, backend.Change) error { return errRecorded }
func (b recordedBackend) Restore(context.Context, string) error       { return errRecorded }
func (b recordedBackend) Remove(context.Context) error                { return errRecorded }
