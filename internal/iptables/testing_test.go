package iptables

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/netlab"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the text differs from %s (-want +got):\n%s", path, diff)
	}
}

// moment is when everything in the tests happens.
func moment() time.Time { return time.Date(2026, 11, 23, 19, 30, 0, 0, time.UTC) }

// machine is a host of its own with one variant of iptables.
type machine struct {
	*testing.T
	space   *netlab.Namespace
	backend *Backend
	variant string
}

// onEachVariant runs a test on a machine of each variant.
func onEachVariant(t *testing.T, test func(m *machine)) {
	netlab.Need(t)
	for _, variant := range []string{"nft", "legacy"} {
		t.Run(variant, func(t *testing.T) {
			test(newMachine(t, variant))
		})
	}
}

// newMachine is a machine with nothing in its kernel.
func newMachine(t *testing.T, variant string) *machine {
	t.Helper()
	space, err := netlab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { space.Close() })
	return &machine{t, space, New(Options{Variant: variant, Now: moment}), variant}
}

// must fails the test unless there is no error.
func (m *machine) must(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

// in runs f on the machine.
func (m *machine) in(f func(ctx context.Context) error) error {
	return m.space.Do(func() error { return f(context.Background()) })
}

// restore loads a transaction that is none of ours; tool is "iptables" or "ip6tables".
func (m *machine) restore(tool, text string) {
	m.Helper()
	_, err := m.space.Run(context.Background(), text, tool+"-"+m.variant+"-restore", "--noflush")
	m.must(err)
}

// docker makes Docker's chains for both families.
func (m *machine) docker() {
	m.Helper()
	m.restore("iptables", stubs)
	m.restore("ip6tables", stubs)
}

// save is everything that both iptables-save print, without comments and counters.
func (m *machine) save() string {
	m.Helper()
	text := ""
	for _, tool := range []string{"iptables", "ip6tables"} {
		out, err := m.space.Run(context.Background(), "", tool+"-"+m.variant+"-save")
		m.must(err)
		text += out
	}
	text = regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(text, "")
	return regexp.MustCompile(`\[\d+:\d+\]`).ReplaceAllString(text, "[0:0]")
}

// all is save, and what nft and ipset list.
func (m *machine) all() string {
	m.Helper()
	rules, err := m.space.Run(context.Background(), "", "nft", "-s", "list", "ruleset")
	m.must(err)
	sets, err := m.space.Run(context.Background(), "", "ipset", "list", "-name")
	m.must(err)
	return m.save() + rules + sets
}

// plan is the change that leads from what is installed to the gate.
func (m *machine) plan(g *gate.Gate) backend.Change {
	m.Helper()
	var c backend.Change
	m.must(m.in(func(ctx context.Context) error {
		installed, err := m.backend.Read(ctx)
		if err != nil {
			return err
		}
		c, err = m.backend.Change(g, installed)
		return err
	}))
	return c
}

// install puts a gate in force and returns the change. Afterwards nothing must be left to do.
func (m *machine) install(g *gate.Gate) backend.Change {
	m.Helper()
	c := m.plan(g)
	m.must(m.in(func(ctx context.Context) error { return m.backend.Apply(ctx, c) }))
	if rest := m.plan(g); !rest.Empty() {
		m.Fatalf("after the change there still is something to do (%s):\n%s", rest.Summary, rest.Text)
	}
	return c
}

// read is what is installed.
func (m *machine) read() *backend.Installed {
	m.Helper()
	var i *backend.Installed
	m.must(m.in(func(ctx context.Context) (err error) { i, err = m.backend.Read(ctx); return err }))
	return i
}

// equal fails the test where two texts differ.
func equal(t *testing.T, what, want, got string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

// contains fails the test unless the text has all the parts.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("this is missing: %q, in:\n%s", part, text)
		}
	}
}
