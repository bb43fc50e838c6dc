package enforce

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
)

// machine is a host whose kernel is in memory. It notes everything that is done to it.
type machine struct {
	host     *host.Host
	nft, ipt *memory
	noNft    bool
	engine   error
	next     *gate.Gate // rehearsed last
	log      []string
	captured *netfilter.Machine // nil: it cannot be
}

// newMachine is a recorded host with nothing installed.
func newMachine(t *testing.T) *machine {
	t.Helper()
	h, err := host.LoadRecording("../host/testdata/hosts/docker-20.10-iptables")
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{host: h}
	m.nft = &memory{name: NFTables, machine: m}
	m.ipt = &memory{name: IPTables, machine: m}
	return m
}

func (m *machine) note(format string, args ...any) {
	m.log = append(m.log, fmt.Sprintf(format, args...))
}

func (m *machine) Host(context.Context) (*host.Host, error) { return m.host, m.engine }
func (m *machine) Capture(context.Context, *host.Host) (*netfilter.Machine, error) {
	if m.captured == nil {
		return nil, errors.New("nobody may look")
	}
	return m.captured, nil
}
func (m *machine) HasNFTables(context.Context) bool      { return !m.noNft }
func (m *machine) Backends(*host.Host) []backend.Backend { return []backend.Backend{m.nft, m.ipt} }
func (m *machine) Signpost() Signpost                    { return m }
func (m *machine) Install(ctx context.Context, _ *host.Host) error {
	m.note("signpost")
	return ctx.Err()
}
func (m *machine) Remove(context.Context) error { m.note("no signpost"); return nil }

// memory is a backend whose kernel is in memory. Errors are given where a test sets them.
type memory struct {
	name      string
	machine   *machine
	installed *gate.Gate
	stray     []backend.Line // further lines that Read gives

	readErr, rehearseErr, applyErr, removeErr error
	loses                                     bool      // what is applied does not stay
	dated                                     time.Time // the rendering; what is installed says Unix(1, 0)
	applying                                  func()    // is called while rules are put in force
}

func (b *memory) Name() string { return b.name }
func (b *memory) Render(g *gate.Gate, since time.Time) (string, error) {
	b.dated = since
	return g.Hash(), nil
}

func (b *memory) Read(context.Context) (*backend.Installed, error) {
	if b.installed == nil || b.readErr != nil {
		return nil, b.readErr
	}
	installed := &backend.Installed{Since: time.Unix(1, 0), Raw: b.installed, Lines: b.stray}
	for _, f := range []gate.Family{b.installed.IPv4, b.installed.IPv6} {
		for _, r := range append(f.Ingress.Rules(), f.Egress.Rules()...) {
			installed.Lines = append(installed.Lines, backend.Line{Way: backend.Ingress, Rule: r, Packets: 2, Bytes: 100})
		}
	}
	return installed, nil
}

func (b *memory) Change(g *gate.Gate, installed *backend.Installed) (backend.Change, error) {
	if installed != nil && installed.Raw.(*gate.Gate).Hash() == g.Hash() {
		return backend.Change{}, nil
	}
	b.machine.note("%s change", b.name)
	return backend.Change{Text: g.Hash(), Summary: "some rules"}, nil
}

func (b *memory) Rehearse(_ context.Context, g *gate.Gate) error {
	b.machine.note("%s rehearse", b.name)
	b.machine.next = g // Apply is given its text only
	return b.rehearseErr
}

func (b *memory) Apply(_ context.Context, c backend.Change) error {
	b.machine.note("%s apply", b.name)
	if b.applying != nil {
		b.applying()
	}
	if b.applyErr == nil && !b.loses {
		b.installed = b.machine.next
	}
	if b.loses {
		b.installed = &gate.Gate{}
	}
	return b.applyErr
}

func (b *memory) Restore(_ context.Context, rules string) error {
	b.machine.note("%s restore %s", b.name, rules)
	if b.applyErr == nil && !b.loses {
		b.installed = &gate.Gate{}
	}
	return b.applyErr
}

func (b *memory) Remove(context.Context) error {
	b.machine.note("%s remove", b.name)
	if b.removeErr == nil {
		b.installed = nil
	}
	return b.removeErr
}

// enforcer enforces a policy on the machine.
func (m *machine) enforcer(t *testing.T, policy string) *Enforcer {
	t.Helper()
	path := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(path, []byte("version: 1\n"+policy), 0o600); err != nil {
		t.Fatal(err)
	}
	return &Enforcer{Machine: m, PolicyPath: path, StateDir: t.TempDir(), Notice: func(text string) { m.note("%s", text) }}
}

// agreed notes that the plan was shown.
func (m *machine) agreed(*Plan) error {
	m.note("asked")
	return nil
}

// happened is what was done to the machine, and forgets it.
func (m *machine) happened() string {
	text := strings.Join(m.log, ", ")
	m.log = nil
	return text
}
