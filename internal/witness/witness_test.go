package witness

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/checks"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/iptables"
	"github.com/dockwall/dockwall/internal/netlab"
	"github.com/dockwall/dockwall/internal/nftables"
	"github.com/dockwall/dockwall/internal/randworld"
)

// Each check is one host, two policies and 60 conversations, whose packets are sent under both. `go test -args
// -rapid.checks=1000` runs longer; a failure prints the seed, and `-rapid.seed=N` runs it again.
const (
	draws         = 40
	conversations = 60
)

func TestMain(m *testing.M) {
	flag.Parse()
	if _, err := checks.Draw(draws); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	os.Exit(m.Run())
}

func TestNftablesEnforcesWhatThePolicyMeans(t *testing.T) {
	netlab.Need(t)
	t.Parallel()
	agree(t, func() backend.Backend { return nftables.New(nftables.Options{}) })
}

func TestIptablesEnforcesWhatThePolicyMeans(t *testing.T) {
	netlab.Need(t)
	t.Parallel()
	agree(t, func() backend.Backend { return iptables.New(iptables.Options{Variant: "nft"}) })
}

// agree holds Decide against a gate in the kernel: for new conversations under a first policy, and for these same
// conversations, in both directions, after a second one has taken its place.
func agree(t *testing.T, newBackend func() backend.Backend) {
	var sent, through int
	rapid.Check(t, func(t *rapid.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		h := randworld.Hosts().Draw(t, "host")
		r, err := NewRealm(ctx, h)
		must(t, err)
		defer r.Close()
		trials := draw(t, r, h)
		b := newBackend()
		for _, name := range []string{"first policy", "second policy"} {
			f := newFixture(t, r, h, name)
			must(t, r.Host.Do(func() error { return install(ctx, b, f.gate) }))
			f.exchange(ctx, t, trials)
			for i := range trials {
				sent++
				if trials[i].through {
					through++
				}
			}
		}
	})
	t.Logf("%d packets were sent, each answered where it came through: %d", sent, through)
	if through == 0 || through == sent {
		t.Error("all packets had the same fate: the test shows nothing")
	}
}

func must(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func install(ctx context.Context, b backend.Backend, g *gate.Gate) error {
	installed, err := b.Read(ctx)
	if err != nil {
		return err
	}
	change, err := b.Change(g, installed)
	if err != nil {
		return err
	}
	return b.Apply(ctx, change)
}
