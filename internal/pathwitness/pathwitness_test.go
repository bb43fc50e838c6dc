package pathwitness

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/checks"
	"github.com/dockwall/dockwall/internal/netlab"
)

// Each check is one ruleset with up to 60 conversations of three packets. `make fuzz-kernel` goes on for longer; a
// failure prints rapid's seed and the whole case, shrunk, and keeps it in testdata.
const draws = 150

var fuzzTime = flag.Duration("pathwitness.time", 0, "go on with fresh seeds for as long")

func TestMain(m *testing.M) {
	flag.Parse()
	if _, err := checks.Draw(draws); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	// Cases are shrunk by lines of rules, which is quicker than by random numbers.
	if err := flag.Set("rapid.shrinktime", "1s"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	os.Exit(m.Run())
}

// Cases that once failed are tried first.
func TestKeptCases(t *testing.T) {
	netlab.Need(t)
	paths, err := filepath.Glob("testdata/cases/*.json")
	if err != nil {
		t.Fatal(err)
	}
	l := newLab(t, 0, true)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var c Case
			if err := json.Unmarshal(text, &c); err != nil {
				t.Fatal(err)
			}
			if err := l.Run(t.Context(), c, NewTally()); err != nil {
				t.Error(err)
			}
		})
	}
}

// The kernel and walk take the same way, rule by rule.
func TestTheKernelGoesWalksWay(t *testing.T) {
	netlab.Need(t)
	for i, world := range Worlds {
		t.Run(world.Name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, i, world.NeedsLegacy())
			tally := NewTally()
			until := time.Now().Add(*fuzzTime)
			for again := true; again && !t.Failed(); again = time.Now().Before(until) {
				agree(t, l, world, tally)
			}
			t.Log(tally)
			t.Log(tally.Covered())
			tally.showsSomething(t)
		})
	}
}

// agree runs rapid's checks. What fails is shrunk, printed and kept.
func agree(t *testing.T, l *Lab, world World, tally *Tally) {
	var failed *Case
	t.Cleanup(func() {
		if failed != nil && t.Failed() {
			keep(t, l, world, *failed)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		c := world.Draw(t)
		var err error
		if c.Rules, err = l.Fitting(ctx, c.Rules); err != nil {
			t.Fatalf("loading: %v\n%s", err, asJSON(c.Rules))
		}
		if err := l.Run(ctx, c, tally); err != nil {
			failed = &c
			t.Fatal(err)
		}
	})
}

// keep shrinks a case and writes it where TestKeptCases finds it.
func keep(t *testing.T, l *Lab, world World, c Case) {
	var last error
	c = Shrink(c, func(smaller Case) bool {
		var difference *Difference
		err := l.Run(context.Background(), smaller, NewTally())
		if errors.As(err, &difference) {
			last = err
			return true
		}
		return false
	})
	text, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	sum := fnv.New32()
	sum.Write(text)
	path := fmt.Sprintf("testdata/cases/%s-%08x.json", world.Name, sum.Sum32())
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("shrunk and kept as %s:\n%s\n%s\n%s%s%s%s%s%s", path, last, asJSON(c.Packets), c.Rules.IPSet, c.Rules.Legacy4, c.Rules.Legacy6,
		c.Rules.NFT4, c.Rules.NFT6, c.Rules.Native)
}

func newLab(t *testing.T, processor int, legacy bool) *Lab {
	t.Helper()
	l, err := NewLab(processor, legacy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func (y *Tally) showsSomething(t *testing.T) {
	t.Helper()
	if t.Failed() {
		return
	}
	for _, end := range []Ending{Gone, Delivered, Left} {
		if y.Ends[end] == 0 {
			t.Errorf("no packet was %s: the test shows nothing", end)
		}
	}
	if y.Certain*3 < y.Packets {
		t.Errorf("of %d packets the way of only %d is certain: the test shows little", y.Packets, y.Certain)
	}
}
