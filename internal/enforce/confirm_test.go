package enforce

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/confirm"
	"github.com/dockwall/dockwall/internal/session"
)

const wider = "version: 1\ningress:\n  - allow 8123/tcp\n  - allow 6379/tcp\n"

// arming notes when the watcher would begin, which fails with err.
func (m *machine) arming(err error) *Arming {
	return &Arming{Within: time.Minute, Start: func(context.Context, confirm.Store, *confirm.Pending) error {
		m.note("watcher")
		return err
	}}
}

// tried is a machine where a wider policy waits for its confirmation on top of another one.
func (m *machine) tried(t *testing.T) *Enforcer {
	t.Helper()
	e := m.applied(t)
	e.Tell = func(string) { m.note("told") }
	m.rewrite(t, e, wider)
	if _, err := e.ApplyArmed(t.Context(), m.agreed, m.arming(nil)); err != nil {
		t.Fatal(err)
	}
	return e
}

func (m *machine) rewrite(t *testing.T, e *Enforcer, text string) {
	t.Helper()
	if err := os.WriteFile(e.PolicyPath, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m.happened()
}

// overdue makes the pending change due.
func overdue(t *testing.T, e *Enforcer) {
	t.Helper()
	p, err := e.Waiting().Load()
	if err != nil {
		t.Fatal(err)
	}
	p.Deadline = 1
	if err := e.Waiting().Save(p); err != nil {
		t.Fatal(err)
	}
}

// files is what Keep is given: the policy in the files.
func (m *machine) files(t *testing.T, e *Enforcer) Wanted {
	t.Helper()
	p, sources, problems, err := LoadWithSources(e.PolicyPath)
	if err != nil {
		t.Fatal(err)
	}
	return Wanted{Policy: p, Problems: problems, Sources: sources, Host: m.host}
}

// The way back is armed, and watched, behind the rehearsal and before the change.
func TestApplyArmed(t *testing.T) {
	m := newMachine(t)
	e := m.tried(t)
	check(t, "the apply", m.happened(), "nftables change, asked, nftables rehearse, watcher, nftables apply, signpost")
	p, err := e.Waiting().Load()
	if err != nil || p.Entry.Number != 1 || p.Deadline-p.Armed != time.Minute {
		t.Fatalf("%+v, %v", p, err)
	}
	var unconfirmed *confirm.UnconfirmedError
	if _, err := e.Apply(t.Context(), m.agreed); !errors.As(err, &unconfirmed) || m.happened() != "" {
		t.Errorf("a second apply: %v", err)
	}
	if _, err := e.Rollback(t.Context(), p.Entry, m.agreed); !errors.As(err, &unconfirmed) || m.happened() != "" {
		t.Errorf("a rollback to an entry: %v", err)
	}
}

func TestApplyArmedFails(t *testing.T) {
	t.Run("no watcher", func(t *testing.T) {
		m := newMachine(t)
		e := m.applied(t)
		m.rewrite(t, e, wider)
		none := errors.New("no watcher")
		_, err := e.ApplyArmed(t.Context(), m.agreed, m.arming(none))
		if p, _ := e.Waiting().Load(); !errors.Is(err, none) || p != nil || strings.Contains(m.happened(), "nftables apply") {
			t.Errorf("%v, %+v", err, p)
		}
	})
	t.Run("a refused transaction", func(t *testing.T) {
		m := newMachine(t)
		e := m.applied(t)
		m.rewrite(t, e, wider)
		m.nft.applyErr = errors.New("refused")
		_, err := e.ApplyArmed(t.Context(), m.agreed, m.arming(nil))
		if p, _ := e.Waiting().Load(); !errors.Is(err, m.nft.applyErr) || p == nil || !strings.Contains(err.Error(), "stays armed") {
			t.Errorf("%v, %+v", err, p)
		}
	})
	t.Run("a failed rehearsal", func(t *testing.T) {
		m := newMachine(t)
		e := m.applied(t)
		m.rewrite(t, e, wider)
		m.nft.rehearseErr = errors.New("no")
		a := m.arming(nil)
		if _, err := e.ApplyArmed(t.Context(), m.agreed, a); !errors.Is(err, m.nft.rehearseErr) || a.Armed != nil {
			t.Errorf("%v, %+v", err, a.Armed)
		}
	})
}

func TestConfirm(t *testing.T) {
	m := newMachine(t)
	e := m.tried(t)
	old := session.Login{Connection: &session.Mark{PID: 1, Began: 1}}
	if _, err := e.Confirm(t.Context(), old); !errors.Is(err, confirm.ErrOldConnection) {
		t.Errorf("an old connection: %v", err)
	}
	if _, err := e.Confirm(t.Context(), session.Login{}); err != nil {
		t.Error(err)
	}
	if _, err := e.Confirm(t.Context(), session.Login{}); !errors.Is(err, confirm.ErrNothing) {
		t.Errorf("the second time: %v", err)
	}
	if r, err := e.GoBack(t.Context(), ""); r != nil || err != nil {
		t.Errorf("after a confirmation: %+v, %v", r, err)
	}
}

// Going back: the kernel, the history, everyone; the refused policy is remembered, and the files stay.
func TestGoBack(t *testing.T) {
	m := newMachine(t)
	e := m.tried(t)
	m.happened()
	if r, err := e.GoBack(t.Context(), "another"); r != nil || err != nil || m.happened() != "" {
		t.Errorf("another change: %+v, %v", r, err)
	}
	r, err := e.GoBack(t.Context(), "")
	if err != nil || r.Unnoted != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	check(t, "the return", m.happened(), "nftables change, nftables apply, signpost, told")
	last, err := e.History().Newest()
	if err != nil || last.Number != 3 || last.Gate != r.Entry.Gate || last.Why != "rollback before it was confirmed: back to 1" {
		t.Errorf("%+v, %v", last, err)
	}
	if data, _ := os.ReadFile(e.PolicyPath); string(data) != wider {
		t.Errorf("the policy's file became %q", data)
	}
	var refused *RefusedError
	if _, err := e.Keep(t.Context(), m.files(t, e), "resync", nil); !errors.As(err, &refused) || !Held(err) || m.happened() != "" {
		t.Errorf("the guard was let: %v", err)
	}
	if _, err := e.Apply(t.Context(), m.agreed); err != nil {
		t.Error(err)
	}
	if _, err := e.Keep(t.Context(), m.files(t, e), "resync", nil); err != nil {
		t.Errorf("after an apply: %v", err)
	}
}

// The rules as they were rendered come back where they cannot be compiled again, and where nothing is installed.
func TestGoBackRendered(t *testing.T) {
	for name, spoil := range map[string]func(*machine, *Enforcer, *confirm.Pending){
		"nothing is installed": func(m *machine, _ *Enforcer, _ *confirm.Pending) { m.nft.installed = nil },
		"another gate now":     func(_ *machine, _ *Enforcer, p *confirm.Pending) { p.Entry.Policy[0].Text = wider },
		"no policy":            func(_ *machine, _ *Enforcer, p *confirm.Pending) { p.Entry.Policy = nil },
	} {
		m := newMachine(t)
		e := m.tried(t)
		p, err := e.Waiting().Load()
		if err != nil {
			t.Fatal(err)
		}
		spoil(m, e, p)
		if err := e.Waiting().Save(p); err != nil {
			t.Fatal(err)
		}
		m.happened()
		if r, err := e.GoBack(t.Context(), p.ID); err != nil || r == nil {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		check(t, name, m.happened(), "nftables restore "+p.Entry.Gate+", signpost, told")
	}
}

// Where the kernel does not take the old rules, the change stays pending, so that it is tried again.
func TestGoBackFails(t *testing.T) {
	m := newMachine(t)
	e := m.tried(t)
	m.nft.applyErr = errors.New("refused")
	if _, err := e.GoBack(t.Context(), ""); !errors.Is(err, m.nft.applyErr) {
		t.Errorf("%v", err)
	}
	if p, _ := e.Waiting().Load(); p == nil {
		t.Error("nothing is pending any more")
	}
	m.nft.applyErr = nil
	if r, err := e.GoBack(t.Context(), ""); err != nil || r == nil {
		t.Errorf("%+v, %v", r, err)
	}
}

// Before the first gate there was none.
func TestGoBackToNothing(t *testing.T) {
	m := newMachine(t)
	e := m.enforcer(t, openRedis)
	if _, err := e.ApplyArmed(t.Context(), m.agreed, m.arming(nil)); err != nil {
		t.Fatal(err)
	}
	if r, err := e.GoBack(t.Context(), ""); err != nil || r.Entry != nil || m.nft.installed != nil {
		t.Errorf("%+v, %v", r, err)
	}
	if last, err := e.History().Last(); err != nil || !last.Empty() {
		t.Errorf("%+v, %v", last, err)
	}
}

// Keep goes back where nobody else did, and keeps another policy away from a change that waits.
func TestKeepUnconfirmed(t *testing.T) {
	m := newMachine(t)
	e := m.tried(t)
	if _, err := e.Keep(t.Context(), m.files(t, e), "resync", nil); err != nil {
		t.Errorf("the policy that is tried: %v", err)
	}
	m.rewrite(t, e, "version: 1\n")
	var unconfirmed *confirm.UnconfirmedError
	if _, err := e.Keep(t.Context(), m.files(t, e), "resync", nil); !errors.As(err, &unconfirmed) || !Held(err) {
		t.Errorf("another policy: %v", err)
	}
	overdue(t, e)
	m.happened()
	var returned *ReturnedError
	if _, err := e.Keep(t.Context(), m.files(t, e), "resync", nil); !errors.As(err, &returned) || !Held(err) {
		t.Errorf("overdue: %v", err)
	}
	check(t, "the return", m.happened(), "nftables change, nftables apply, signpost, told")
	if _, err := e.Keep(t.Context(), m.files(t, e), "resync", nil); err != nil {
		t.Errorf("the policy that was not refused: %v", err)
	}
}

// After a restart of the machine the rules before the change come back, from the state directory alone.
func TestRestoreUnconfirmed(t *testing.T) {
	m := newMachine(t)
	e := m.tried(t)
	p, err := e.Waiting().Load()
	if err != nil {
		t.Fatal(err)
	}
	p.Boot = "another"
	if err := e.Waiting().Save(p); err != nil {
		t.Fatal(err)
	}
	m.reboot(t, e)
	r, err := e.Restore(t.Context())
	if err != nil || r.Back == nil || r.Back.Why != wasRestarted {
		t.Fatalf("%+v, %v", r, err)
	}
	check(t, "the restore", m.happened(), "nftables restore "+p.Entry.Gate+", signpost, told")
	m.nft.installed = nil
	if r, err := e.Restore(t.Context()); err != nil || r.Entry.Gate != p.Entry.Gate {
		t.Errorf("the next restart: %+v, %v", r, err)
	}
}

// A policy is not refused where the same one comes back: then the host changed, or the backend.
func TestSamePolicyIsNotRefused(t *testing.T) {
	m := newMachine(t)
	e := m.applied(t)
	e.Backend = IPTables
	if _, err := e.ApplyArmed(t.Context(), m.agreed, m.arming(nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := e.GoBack(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if refused, err := e.Waiting().Refused(); refused != nil || err != nil {
		t.Errorf("%+v, %v", refused, err)
	}
	if m.ipt.installed != nil || m.nft.installed == nil {
		t.Error("want the rules of nftables alone")
	}
}

func TestStatusUnconfirmed(t *testing.T) {
	m := newMachine(t)
	e := m.tried(t)
	if s, err := e.Status(t.Context()); err != nil || s.Waits == nil || s.Refused != nil {
		t.Errorf("waiting: %+v, %v", s, err)
	}
	if _, err := e.GoBack(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if s, err := e.Status(t.Context()); err != nil || s.Waits != nil || s.Refused == nil {
		t.Errorf("refused: %+v, %v", s, err)
	}
}
