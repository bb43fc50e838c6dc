package verify

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/iptables"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
	"github.com/dockwall/dockwall/internal/netlab"
	"github.com/dockwall/dockwall/internal/nftables"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/witness"
)

// installed is a random policy in force on a random host, in namespaces, as it was read back from the kernel.
type installed struct {
	policy  *policy.Policy
	host    *host.Host
	machine *netfilter.Machine
}

func install(t *rapid.T, p *policy.Policy, h *host.Host, b backend.Backend) installed {
	g, err := gate.Compile(p, h)
	if err != nil {
		t.Skip(err)
	}
	ctx := t.Context()
	realm, err := witness.NewRealm(ctx, h)
	if err != nil {
		t.Fatal(err)
	}
	defer realm.Close()
	var s *host.Snapshot
	err = realm.Host.Do(func() error {
		before, err := b.Read(ctx)
		if err != nil {
			return err
		}
		change, err := b.Change(g, before)
		if err != nil {
			return err
		}
		if err := b.Apply(ctx, change); err != nil {
			return err
		}
		s, err = host.TakeSnapshot(ctx, host.Options{DockerHost: "unix:///nonexistent.sock"})
		if s == nil {
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Routes = s.Host.Routes
	s.Host = h
	return installed{p, h, capture.Snapshot(s)}
}

func backends() map[string]backend.Backend {
	return map[string]backend.Backend{
		"nftables": nftables.New(nftables.Options{}),
		"iptables": iptables.New(iptables.Options{Variant: "nft"}),
	}
}

// TestInstalledIsProven: what the backends install is what the policy means, for random policies on random hosts.
func TestInstalledIsProven(t *testing.T) {
	netlab.Need(t)
	few(t, 8)
	for name, b := range backends() {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p, h := drawn(t)
				i := install(t, p, h, b)
				result, err := Check(t.Context(), i.policy, i.host, i.machine)
				if err != nil {
					t.Fatal(err)
				}
				for _, w := range result.Wrong[:min(len(result.Wrong), 5)] {
					t.Errorf("%s", told(w))
				}
				if len(result.Doubts) > 0 {
					t.Errorf("doubts: %q", result.Doubts)
				}
			})
		})
	}
}
