package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dockwall/dockwall/internal/netlab"
)

// patience is how long a cause may take on a busy machine before the test gives up.
const patience = 30 * time.Second

// causes collects what a source tells.
type causes chan string

func (c causes) wake(cause string) { c <- cause }

// want waits for a cause with that text.
func (c causes) want(t *testing.T, text string) {
	t.Helper()
	var others []string
	for {
		select {
		case cause := <-c:
			if strings.Contains(cause, text) {
				return
			}
			others = append(others, cause)
		case <-time.After(patience):
			t.Fatalf("nothing told of %q, only %q", text, others)
		}
	}
}

// start runs a source in the namespace (nil: here) until the test ends.
func start(t *testing.T, n *netlab.Namespace, source Source) causes {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	told, done := make(causes, 1000), make(chan error, 1)
	run := func() error { return source(ctx, told.wake) }
	go func() {
		if n != nil {
			done <- n.Do(run)
		} else {
			done <- run()
		}
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the source ended with %v", err)
		}
	})
	return told
}

func namespace(t *testing.T) *netlab.Namespace {
	t.Helper()
	netlab.Need(t)
	n, err := netlab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

// until does something again and again until the source, which may not listen yet, has told of it.
func until(t *testing.T, told causes, text string, do func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		if err := do(); err != nil {
			t.Fatal(err)
		}
		select {
		case cause := <-told:
			if strings.Contains(cause, text) {
				return
			}
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatalf("nothing told of %q", text)
}

func TestLinks(t *testing.T) {
	n := namespace(t)
	told := start(t, n, Links)
	made := 0
	until(t, told, "a link came", func() error {
		made++
		return n.Bridge("br" + strings.Repeat("x", made))
	})
	if err := n.Address("brx", "192.0.2.1/24"); err != nil {
		t.Fatal(err)
	}
	told.want(t, "an address came")
}

func TestRules(t *testing.T) {
	n := namespace(t)
	told := start(t, n, Rules)
	nft := func(text string) error {
		_, err := n.Run(t.Context(), text, "nft", "-f", "-")
		return err
	}
	until(t, told, `the table inet dockwall was changed by "nft"`, func() error {
		return nft("table inet dockwall { chain c { counter; }; }")
	})
	if err := nft("table inet other { chain c { counter; }; }\ndelete table inet dockwall"); err != nil {
		t.Fatal(err)
	}
	told.want(t, "the table inet dockwall was changed")
	if err := nft("flush table inet other"); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Run(t.Context(), "", "iptables-nft", "-N", "DOCKER-USER"); err != nil {
		t.Fatal(err)
	}
	select {
	case cause := <-told:
		if !strings.Contains(cause, "the chain ") { // iptables makes its built-in chains first, in the same transaction
			t.Errorf("the foreign table is told of: %q", cause)
		}
	case <-time.After(patience):
		t.Error("nothing told of DOCKER-USER")
	}
}

func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "etc")
	policy, real := filepath.Join(dir, "policy.yaml"), filepath.Join(t.TempDir(), "real.yaml")
	told := start(t, nil, Files(func() []string { return []string{policy} }))
	step := func(name, text string, do func() error) {
		t.Helper()
		t.Log(name)
		if err := do(); err != nil {
			t.Fatal(err)
		}
		told.want(t, text)
	}
	until(t, told, "was changed", func() error {
		_ = os.Remove(dir)
		return os.Mkdir(dir, 0o755)
	})
	step("made", "policy.yaml", func() error { return os.WriteFile(policy, []byte("a"), 0o600) })
	step("replaced", "policy.yaml", func() error {
		if err := os.WriteFile(policy+".new", nil, 0o600); err != nil {
			return err
		}
		return os.Rename(policy+".new", policy)
	})
	step("gone", "policy.yaml", func() error { return os.Remove(policy) })
	if err := os.WriteFile(real, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	step("linked", "policy.yaml", func() error { return os.Symlink(real, policy) })
	until(t, told, "real.yaml", func() error { return os.WriteFile(real, []byte("b"), 0o600) })
}

// What comes before its directory is watched is told all the same: nobody else would tell it.
func TestFilesThatCameFirst(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "etc")
	policy, more := filepath.Join(dir, "policy.yaml"), filepath.Join(dir, "office.txt")
	write := func(name string) {
		if err := os.WriteFile(name, []byte("a"), 0o600); err != nil {
			t.Error(err)
		}
	}
	source := Files(func() []string {
		if isDirectory(dir) && !exists(policy) { // the directory came, and is not watched yet
			write(policy)
			write(more)
		}
		return []string{policy, more}
	})
	told := start(t, nil, source)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	told.want(t, "office.txt")
	told.want(t, "policy.yaml")
}

// What changes between the first look and the source's beginning is told.
func TestFilesThatChangedBefore(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	source := Files(func() []string { return []string{policy} })
	if err := os.WriteFile(policy, []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, nil, source).want(t, "policy.yaml")
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// A source that ends is begun again, slower and slower, and both its end and its new beginning are reasons to look.
func TestKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		runs, wakes := 0, []string{}
		Keep(ctx, "the engine's events", func(context.Context, Wake) error {
			runs++
			return errors.New("gone")
		}, func(cause string) { wakes = append(wakes, cause) })
		if runs != 12 {
			t.Errorf("%d runs in a minute", runs)
		}
		if wakes[0] != "the engine's events ended: gone" || wakes[1] != "the engine's events are asked for again" {
			t.Errorf("told %q", wakes[:2])
		}
	})
}
