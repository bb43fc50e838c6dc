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

	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

const openRedis = "ingress:\n  - allow 6379/tcp from any\n"

func check(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s; want %s", what, got, want)
	}
}

// The order of everything that an apply does: ask, rehearse, install, look again.
func TestApply(t *testing.T) {
	m := newMachine(t)
	e := m.enforcer(t, openRedis)
	plan, err := e.Apply(t.Context(), m.agreed)
	if err != nil || plan.Empty() {
		t.Fatalf("apply: %v, a plan to do something: %v", err, !plan.Empty())
	}
	if !m.nft.dated.Equal(time.Unix(1, 0)) {
		t.Errorf("the history's rules say that they are in force since %s, and the kernel's do not", m.nft.dated)
	}
	check(t, "the first apply", m.happened(), "nftables change, asked, nftables rehearse, nftables apply, signpost")

	plan, err = e.Apply(t.Context(), m.agreed)
	if err != nil || !plan.Empty() {
		t.Fatalf("apply again: %v, a plan to do something: %v", err, !plan.Empty())
	}
	check(t, "the second apply", m.happened(), "signpost")
}

// Who is asked to end while the rules come into force ends behind what belongs to it: the history has what is in force, or the
// next boot would restore what was before.
func TestApplyInterrupted(t *testing.T) {
	m := newMachine(t)
	e := m.enforcer(t, openRedis)
	ctx, interrupt := context.WithCancel(t.Context())
	m.nft.applying = interrupt
	if _, err := e.Apply(ctx, m.agreed); err != nil {
		t.Error(err)
	}
	if newest, err := e.History().Newest(); err != nil || newest == nil || newest.Gate != m.nft.installed.Hash() {
		t.Errorf("the history has %v, %v", newest, err)
	}
}

// Of two backends, the new one is in force before the old one goes.
func TestApplyOtherBackend(t *testing.T) {
	m := newMachine(t)
	e := m.enforcer(t, openRedis+"backend: iptables\n")
	if _, err := e.Apply(t.Context(), m.agreed); err != nil {
		t.Fatal(err)
	}
	check(t, "iptables", m.happened(), "iptables change, asked, iptables rehearse, iptables apply, no signpost")
	e.Backend = NFTables
	if _, err := e.Apply(t.Context(), m.agreed); err != nil {
		t.Fatal(err)
	}
	check(t, "then nftables", m.happened(),
		"nftables change, asked, nftables rehearse, nftables apply, iptables remove, signpost")
	if m.ipt.installed != nil || m.nft.installed == nil {
		t.Error("want the rules of nftables alone")
	}
}

// Old rules of another backend are a change to be agreed to, even where the chosen backend's are as they should be.
func TestApplyRemovesLeftovers(t *testing.T) {
	m := newMachine(t)
	e := m.enforcer(t, openRedis)
	if _, err := e.Apply(t.Context(), m.agreed); err != nil {
		t.Fatal(err)
	}
	m.ipt.installed = m.nft.installed
	m.happened()
	if _, err := e.Apply(t.Context(), m.agreed); err != nil {
		t.Fatal(err)
	}
	check(t, "the apply", m.happened(), "asked, iptables remove, signpost")
}

// Whatever goes wrong, what was in force stays in force, and the error says how it is.
func TestApplyFails(t *testing.T) {
	fails := errors.New("it failed")
	refused := &backend.RefusedError{Tool: "nft", Message: "no", Line: "chain x"}
	for name, test := range map[string]struct {
		prepare func(m *machine)
		agree   error
		says    string
		does    string
	}{
		"declined": {agree: fails, says: "it failed", does: "nftables change, asked"},
		"rehearsal": {prepare: func(m *machine) { m.nft.rehearseErr = fails },
			says: "the rules failed their rehearsal, and nothing was changed: it failed",
			does: "nftables change, asked, nftables rehearse"},
		"refused": {prepare: func(m *machine) { m.nft.applyErr = refused },
			says: "nft refused the rules: no; the line was: chain x; nothing was changed",
			does: "nftables change, asked, nftables rehearse, nftables apply"},
		"lost": {prepare: func(m *machine) { m.nft.loses = true },
			says: "the rules were installed, but the kernel does not hold what the policy says (some rules)",
			does: "nftables change, asked, nftables rehearse, nftables apply, nftables change"},
		"unreadable": {prepare: func(m *machine) { m.nft.readErr = fails },
			says: "what is installed cannot be read: it failed"},
		"other unreadable": {prepare: func(m *machine) { m.ipt.readErr = fails },
			says: "what the iptables backend has installed cannot be read: it failed", does: "nftables change"},
		"no engine": {prepare: func(m *machine) { m.engine = &host.NoEngineError{Reason: "it sleeps"} },
			says: "it sleeps"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.ipt.installed = leftover(t)
			if test.prepare != nil {
				test.prepare(m)
			}
			_, err := m.enforcer(t, openRedis).Apply(t.Context(), func(p *Plan) error {
				_ = m.agreed(p)
				return test.agree
			})
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("the error is %v, want it to say %q", err, test.says)
			}
			check(t, "what was done", m.happened(), test.does)
			if m.ipt.installed == nil {
				t.Error("the old rules are gone, and no new ones are there")
			}
		})
	}
}

// A policy's failing test refuses before anything is asked or touched.
func TestApplyFailingTest(t *testing.T) {
	m := newMachine(t)
	plan, err := m.enforcer(t, "tests:\n  - 198.51.100.7 can reach 6379/tcp\n").Apply(t.Context(), m.agreed)
	var failed *TestsError
	if !errors.As(err, &failed) || len(failed.Failed) != 1 || failed.Of != 1 {
		t.Fatalf("the error is %v, want one failed test of one", err)
	}
	if text := err.Error(); !strings.Contains(text, "expected allowed, got refused: ") {
		t.Errorf("the error does not say what was expected and what happened: %s", text)
	}
	if len(plan.Tests) != 1 {
		t.Errorf("the plan has %d results of tests, want 1", len(plan.Tests))
	}
	check(t, "what was done", m.happened(), "")
}

// Errors of the policy come before everything, as all its problems.
func TestApplyWrongPolicy(t *testing.T) {
	m := newMachine(t)
	m.engine = errors.New("nobody may ask")
	_, err := m.enforcer(t, "ingress:\n  - allow 80/tpc\n  - allow 99999/tcp\n").Apply(t.Context(), m.agreed)
	var problems policy.Problems
	if !errors.As(err, &problems) || len(problems) != 2 {
		t.Fatalf("the error is %v, want two problems", err)
	}
	e := m.enforcer(t, "")
	e.PolicyPath += ".none"
	_, err = e.Apply(t.Context(), m.agreed)
	var none *NoPolicyError
	if !errors.As(err, &none) {
		t.Errorf("the error is %v, want a *NoPolicyError", err)
	}
}

// A second apply says that it waits; the end of its context ends the wait, and what it was waiting for stays whole.
func TestApplyWaits(t *testing.T) {
	m := newMachine(t)
	e := m.enforcer(t, openRedis)
	held, err := os.Create(filepath.Join(e.StateDir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if err := unix.Flock(int(held.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	e.Notice = func(text string) {
		m.note("%s", text)
		cancel()
	}
	if _, err = e.Apply(ctx, m.agreed); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want the context's", err)
	}
	check(t, "what was done", m.happened(),
		"another dockwall is at work (it has "+held.Name()+"); waiting for it to end")

	e.Notice = func(text string) {
		m.note("waits")
		held.Close() // gives the lock back
	}
	if _, err := e.Apply(t.Context(), m.agreed); err != nil {
		t.Fatal(err)
	}
	check(t, "what was done", m.happened(), "waits, nftables change, asked, nftables rehearse, nftables apply, signpost")
}

func TestNoPlaceForTheLock(t *testing.T) {
	m := newMachine(t)
	e := m.enforcer(t, openRedis)
	e.StateDir = filepath.Join(e.PolicyPath, "state")
	_, err := e.Apply(t.Context(), m.agreed)
	if err == nil || !strings.Contains(err.Error(), "--state-dir") {
		t.Errorf("the error is %v, want it to name --state-dir", err)
	}
	check(t, "what was done", m.happened(), "")
}

// Keep asks nobody; it tells of the plan once it is carried out, also where there was nothing to do.
func TestKeep(t *testing.T) {
	m := newMachine(t)
	e := m.enforcer(t, "ingress:\n  - allow 8123/tcp from any\n")
	p, problems := policy.Load(e.PolicyPath)
	var told []bool
	for range 2 {
		w := Wanted{Policy: p, Problems: problems, Host: m.host}
		plan, err := e.Keep(t.Context(), w, "a test", func(plan *Plan) { told = append(told, plan.Empty()) })
		if err != nil || plan.Gate == nil {
			t.Fatal(plan, err)
		}
	}
	check(t, "told", fmt.Sprint(told), "[false true]")
	want := "nftables change, nftables rehearse, nftables apply, signpost, signpost"
	check(t, "happened", m.happened(), want)
}
