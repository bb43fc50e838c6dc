package enforce

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/gate"
)

func (m *machine) applied(t *testing.T) *Enforcer {
	t.Helper()
	e := m.enforcer(t, "ingress:\n  - allow 8123/tcp from any\n")
	if _, err := e.Apply(t.Context(), m.agreed); err != nil {
		t.Fatal(err)
	}
	return e
}

// reboot is what a restart leaves: the state directory, and an empty kernel. Policy files and the engine are not needed.
func (m *machine) reboot(t *testing.T, e *Enforcer) {
	t.Helper()
	m.nft.installed, m.ipt.installed = nil, nil
	m.engine = errors.New("there is no engine")
	if err := os.Remove(e.PolicyPath); err != nil {
		t.Fatal(err)
	}
	m.happened()
}

func TestRestore(t *testing.T) {
	m := newMachine(t)
	e := m.applied(t)
	m.reboot(t, e)
	r, err := e.Restore(t.Context())
	if err != nil || r.Entry.Number != 1 || len(r.Already) > 0 || r.Damaged != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	if got, want := m.happened(), "nftables restore "+r.Entry.Gate; got != want {
		t.Errorf("%q happened, want %q", got, want)
	}
}

func TestRestoreChangesNothing(t *testing.T) {
	t.Run("without a history", func(t *testing.T) {
		m := newMachine(t)
		r, err := m.enforcer(t, "").Restore(t.Context())
		if err != nil || r.Entry != nil || m.happened() != "" {
			t.Errorf("%+v, %v", r, err)
		}
	})
	t.Run("after a reset", func(t *testing.T) {
		m := newMachine(t)
		e := m.applied(t)
		if _, err := e.Reset(t.Context(), func([]Holding) error { return nil }); err != nil {
			t.Fatal(err)
		}
		m.reboot(t, e)
		r, err := e.Restore(t.Context())
		if err != nil || !r.Entry.Empty() || m.happened() != "" {
			t.Errorf("%+v, %v", r, err)
		}
	})
	t.Run("where rules are installed, by whichever backend", func(t *testing.T) {
		m := newMachine(t)
		e := m.applied(t)
		m.reboot(t, e)
		m.ipt.installed = &gate.Gate{}
		r, err := e.Restore(t.Context())
		if err != nil || len(r.Already) != 1 || r.Already[0] != IPTables || m.happened() != "" {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestRestoreFails(t *testing.T) {
	m := newMachine(t)
	e := m.applied(t)
	m.reboot(t, e)
	m.nft.applyErr = errors.New("refused")
	if _, err := e.Restore(t.Context()); !errors.Is(err, m.nft.applyErr) {
		t.Errorf("a refused transaction: %v", err)
	}
	m.nft.applyErr, m.nft.readErr = nil, errors.New("unreadable")
	if _, err := e.Restore(t.Context()); err == nil {
		t.Error("rules that cannot be looked at are no error")
	}
	entry, err := e.History().Entry(1)
	if err != nil {
		t.Fatal(err)
	}
	entry.Backend = "ebpf"
	if _, err := e.History().Append(*entry); err != nil {
		t.Fatal(err)
	}
	m.nft.readErr = nil
	if _, err := e.Restore(t.Context()); err == nil || !strings.Contains(err.Error(), `the backend "ebpf"`) {
		t.Errorf("an unknown backend: %v", err)
	}
}

// A damaged entry is told, and the one before it is taken. With nothing left to take, it is an error.
func TestRestoreDamaged(t *testing.T) {
	m := newMachine(t)
	e := m.applied(t)
	entry, err := e.History().Entry(1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.History().Append(*entry); err != nil {
		t.Fatal(err)
	}
	m.reboot(t, e)
	spoil := func(name string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(e.StateDir, "history", name), []byte("torn"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spoil("00000002.json.gz")
	r, err := e.Restore(t.Context())
	if err != nil || r.Entry.Number != 1 || r.Damaged == nil {
		t.Errorf("%+v, %v", r, err)
	}
	spoil("00000001.json.gz")
	if _, err := e.Restore(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing in the history can be read") {
		t.Errorf("nothing left: %v", err)
	}
}
