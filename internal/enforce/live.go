package enforce

import (
	"context"
	"errors"
	"os"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/iptables"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
	"github.com/dockwall/dockwall/internal/nftables"
)

// live is the machine the process runs on, in its network namespace.
type live struct{ options host.Options }

// Live is the machine the process runs on, in the network namespace it was started in.
func Live(o host.Options) Machine { return live{o} }

func (m live) Host(ctx context.Context) (*host.Host, error) { return host.Collect(ctx, m.options) }

func (m live) Capture(ctx context.Context, h *host.Host) (*netfilter.Machine, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("only root may read the host's rules")
	}
	s, err := host.SnapshotOf(ctx, h)
	if err != nil {
		return nil, err
	}
	return capture.Snapshot(s), nil
}

func (m live) HasNFTables(ctx context.Context) bool {
	return nftables.New(nftables.Options{}).Works(ctx)
}

// Backends begin, of the two variants of iptables, with the one that carries Docker's chains.
func (m live) Backends(h *host.Host) []backend.Backend {
	first, second := "nft", "legacy"
	if h != nil && h.Iptables == "legacy" {
		first, second = second, first
	}
	return []backend.Backend{
		nftables.New(nftables.Options{}),
		iptables.New(iptables.Options{Variant: first}),
		iptables.New(iptables.Options{Variant: second}),
	}
}

func (m live) Signpost() Signpost { return iptables.Signpost{} }
