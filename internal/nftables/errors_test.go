package nftables

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
)

// withNft is a backend whose nft is a shell script.
func withNft(t *testing.T, script string) *Backend {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nft")
	must(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755))
	return New(Options{Nft: path})
}

var anyChange = backend.Change{Text: "add table inet dockwall\nfirst line\nsecond line\n"}

func TestMissingNft(t *testing.T) {
	err := New(Options{Nft: "no-such-nft"}).Apply(context.Background(), anyChange)
	var missing *backend.MissingToolError
	if !errors.As(err, &missing) || missing.Tool != "no-such-nft" || missing.Package != "nftables" {
		t.Errorf("%v", err)
	}
}

func TestHangingNftIsStopped(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	err := withNft(t, "exec sleep 1000").Apply(ctx, anyChange)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("%v", err)
	}
}

func TestWhatNftSays(t *testing.T) {
	for _, c := range []struct{ script, message, line string }{
		{`echo '/dev/stdin:3:1-5: Error: syntax error, unexpected newline' >&2; echo 'second' >&2; exit 1`,
			"syntax error, unexpected newline", "second line"},
		{`echo 'internal:0:0-0: Error: Could not process rule: Device or resource busy' >&2; exit 1`,
			"Could not process rule: Device or resource busy", ""},
		{`echo '/dev/stdin:99:1-5: Error: what' >&2; exit 1`, "what", ""},
		{`echo 'netlink: cache initialization failed' >&2; exit 1`, "netlink: cache initialization failed", ""},
		{`exit 3`, "exit status 3", ""},
	} {
		err := withNft(t, c.script).Apply(context.Background(), anyChange)
		var refused *backend.RefusedError
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v", c.script, err)
			continue
		}
		want := backend.RefusedError{Tool: "nft", Message: c.message, Line: c.line}
		if diff := cmp.Diff(want, *refused); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.script, diff)
		}
	}
}

func TestRefusedTransactionLeavesEverything(t *testing.T) {
	h := newMachine(t)
	h.apply(recipe())
	before := h.ruleset()
	c, err := h.b.Change(everything(), h.read())
	must(t, err)
	const bad = "add rule inet dockwall forward goto nowhere_at_all"
	c.Text += bad + "\n"
	err = h.ns.Do(func() error { return h.b.Apply(h.Context(), c) })
	var refused *backend.RefusedError
	if !errors.As(err, &refused) || refused.Line != bad || !strings.Contains(refused.Message, "No such file") {
		t.Errorf("%v", err)
	}
	if diff := cmp.Diff(before, h.ruleset()); diff != "" {
		t.Errorf("the refused transaction changed something (-before +after):\n%s", diff)
	}
}

func TestRehearsalFindsWhatTheKernelRefuses(t *testing.T) {
	h := newMachine(t)
	g := recipe()
	overlapping := []gate.Segment{tcp(8000, 9000, chainOf()), tcp(8500, 9500, chainOf())}
	g.IPv4.Ingress.Segments = append(g.IPv4.Ingress.Segments, overlapping...)
	before := h.ruleset()
	err := h.ns.Do(func() error { return h.b.Rehearse(h.Context(), g) })
	var refused *backend.RefusedError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "without effect on the host") {
		t.Errorf("%v", err)
	}
	if diff := cmp.Diff(before, h.ruleset()); diff != "" {
		t.Errorf("the rehearsal changed the host (-before +after):\n%s", diff)
	}
}

func TestRehearsalFindsWhatNftKeepsToItself(t *testing.T) {
	newMachine(t) // for root
	path, err := New(Options{}).program()
	must(t, err)
	b := withNft(t, "grep -v 'goto refuse' | "+path+" -f -")
	if err := b.Rehearse(t.Context(), recipe()); err == nil || !strings.Contains(err.Error(), "other rules in the chain") {
		t.Errorf("%v", err)
	}
	err = withNft(t, "exit 0").Rehearse(t.Context(), recipe())
	if err == nil || !strings.Contains(err.Error(), "has none") {
		t.Errorf("%v", err)
	}
}

func TestEndedContext(t *testing.T) {
	h := newMachine(t)
	h.apply(recipe())
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("enough"))
	err := h.ns.Do(func() error { _, err := h.b.Read(ctx); return err })
	if err == nil || !strings.Contains(err.Error(), "given up: enough") {
		t.Errorf("%v", err)
	}
}

// unprivileged calls f on a thread that is nobody's.
func unprivileged(t *testing.T, f func() error) error {
	newMachine(t) // for root, which becomes nobody
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked
		const nobody = 65534
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody); errno != 0 {
			done <- errno
			return
		}
		done <- f()
	}()
	return <-done
}

func TestWithoutRoot(t *testing.T) {
	b := newBackend()
	for name, f := range map[string]func() error{
		"read":   func() error { _, err := b.Read(t.Context()); return err },
		"remove": func() error { return b.Remove(t.Context()) },
		"apply":  func() error { return b.Apply(t.Context(), backend.Change{Text: "add table inet dockwall\n"}) },
	} {
		if err := unprivileged(t, f); err == nil || !strings.Contains(err.Error(), "needs root") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadingOfAnotherBackend(t *testing.T) {
	if _, err := newBackend().Change(recipe(), &backend.Installed{Raw: "iptables"}); err == nil {
		t.Error("it was taken for one of its own")
	}
}

func TestKernelWithoutNetfilter(t *testing.T) {
	if err := explain(unix.EPROTONOSUPPORT); !strings.Contains(err.Error(), "CONFIG_NETFILTER_NETLINK") {
		t.Errorf("%v", err)
	}
	if err := explainGeneration(unix.EINVAL); !strings.Contains(err.Error(), "CONFIG_NF_TABLES") {
		t.Errorf("%v", err)
	}
	if err := explainGeneration(unix.EPERM); !errors.Is(err, unix.EPERM) {
		t.Errorf("%v", err)
	}
}
