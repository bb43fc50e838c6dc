package enforce

import (
	"context"
	"fmt"
	"testing"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
)

// leftover is a gate that is in force on no policy's behalf.
func leftover(t *testing.T) *gate.Gate {
	t.Helper()
	return &gate.Gate{Bridges: []string{"leftover0"}}
}

// The command line counts before the policy, and nftables wherever it works.
func TestChoose(t *testing.T) {
	for _, test := range []struct {
		flag, policy string
		noNft        bool
		want         string
	}{
		{"", "auto", false, NFTables},
		{"", "auto", true, IPTables},
		{"", "", true, IPTables},
		{"", IPTables, false, IPTables},
		{"", NFTables, true, NFTables},
		{NFTables, IPTables, true, NFTables},
		{IPTables, NFTables, false, IPTables},
		{Auto, IPTables, false, IPTables},
	} {
		m := newMachine(t)
		m.noNft = test.noNft
		e := &Enforcer{Machine: m, Backend: test.flag}
		chosen, others := e.choose(t.Context(), test.policy, m.host)
		if chosen.Name() != test.want || len(others) != 1 || others[0].Name() == test.want {
			t.Errorf("flag %q, policy %q, without nftables %v: chosen %s of %d, want %s", test.flag, test.policy, test.noNft,
				chosen.Name(), 1+len(others), test.want)
		}
	}
}

// Backends whose tools are missing, or that the kernel knows nothing of, have nothing installed.
func TestHoldingsWithoutTools(t *testing.T) {
	m := newMachine(t)
	m.nft.readErr = fmt.Errorf("reading: %w", backend.ErrNoNFTables)
	m.ipt.readErr = fmt.Errorf("reading: %w", &backend.MissingToolError{Tool: "iptables", Package: "iptables"})
	found, err := holdings(t.Context(), m.Backends(nil))
	if err != nil || len(found) != 0 {
		t.Errorf("holdings: %v, %v; want none", found, err)
	}
}

// shared is a backend that has nothing but the sets which it shares with another variant.
type shared struct{ memory }

func (shared) Read(context.Context) (*backend.Installed, error) { return &backend.Installed{}, nil }

// The second variant of iptables sees the sets of the first one, which is no reason to remove them.
func TestObsoleteSharedSets(t *testing.T) {
	m := newMachine(t)
	m.ipt.installed = leftover(t)
	legacy := &shared{memory{name: IPTables, machine: m}}
	found, err := holdings(t.Context(), []backend.Backend{m.ipt, legacy})
	if err != nil || len(found) != 2 {
		t.Fatalf("holdings: %v, %v; want two", found, err)
	}
	if rest := obsolete(found, m.nft); len(rest) != 1 || rest[0].Backend != m.ipt {
		t.Errorf("with nftables chosen, obsolete are %v; want the variant with rules", rest)
	}
	if rest := obsolete(found[1:], m.ipt); len(rest) != 0 {
		t.Errorf("with iptables chosen, obsolete are %v; want none", rest)
	}
}

func TestReset(t *testing.T) {
	m := newMachine(t)
	m.engine = &host.NoEngineError{}
	e := m.enforcer(t, "")
	agree := func([]Holding) error { m.note("asked"); return nil }
	found, err := e.Reset(t.Context(), agree)
	if err != nil || len(found) != 0 {
		t.Errorf("reset of nothing: %v, %v", found, err)
	}
	check(t, "a reset of nothing", m.happened(), "no signpost")

	m.nft.installed, m.ipt.installed = leftover(t), leftover(t)
	found, err = e.Reset(t.Context(), agree)
	if err != nil || len(found) != 2 {
		t.Errorf("reset of both: %v, %v", found, err)
	}
	check(t, "a reset of both", m.happened(), "asked, nftables remove, iptables remove, no signpost")
}

// What can be removed is removed, and the error says what is left.
func TestResetGoesOn(t *testing.T) {
	m := newMachine(t)
	m.nft.installed, m.ipt.installed = leftover(t), leftover(t)
	m.nft.removeErr = fmt.Errorf("it is stuck")
	_, err := m.enforcer(t, "").Reset(t.Context(), func([]Holding) error { return nil })
	if err == nil || err.Error() != "the rules of the nftables backend could not be removed: it is stuck" {
		t.Errorf("the error is %v", err)
	}
	if m.ipt.installed != nil {
		t.Error("the rules of iptables are still there")
	}
	declined := fmt.Errorf("no")
	m.happened()
	if _, err := m.enforcer(t, "").Reset(t.Context(), func([]Holding) error { return declined }); err != declined {
		t.Errorf("the error is %v, want that of agree", err)
	}
	check(t, "a declined reset", m.happened(), "")
}
