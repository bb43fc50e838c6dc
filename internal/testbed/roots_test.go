package testbed

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dockwall/dockwall/internal/netlab"
)

// fakeArchive puts an apt-get and a debootstrap before the real ones, and an empty cache.
func fakeArchive(t *testing.T, debootstrap string) (cache string) {
	t.Helper()
	netlab.Need(t) // the mount namespace that debootstrap gets
	programs, cache := t.TempDir(), t.TempDir()
	for name, script := range map[string]string{"apt-get": "echo archive:/debian", "debootstrap": debootstrap} {
		must(t, os.WriteFile(filepath.Join(programs, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	}
	t.Setenv("PATH", programs+":"+os.Getenv("PATH"))
	t.Setenv("DOCKWALL_CACHE", cache)
	return cache
}

// Whoever wants a root at the same time gets the one that was made once, from the machine's own archive.
func TestEngineRootIsMadeOnce(t *testing.T) {
	const debootstrap = `mkdir -p "$4/usr/sbin" && touch "$4/usr/sbin/dockerd" && echo "$3 $5" >> "$DOCKWALL_CACHE/made"`
	cache := fakeArchive(t, debootstrap)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			root, err := EngineRoot(t.Context(), "bookworm")
			if want := filepath.Join(cache, "engines/bookworm"); err != nil || root != want {
				t.Errorf("got %s, %v; want %s", root, err, want)
			}
		})
	}
	all.Wait()
	made, err := os.ReadFile(filepath.Join(cache, "made"))
	must(t, err)
	if string(made) != "bookworm archive:/debian\n" {
		t.Errorf("debootstrap ran for: %s", made)
	}
}

// A failure is told with debootstrap's words and leaves no half-made root, nor does one that was killed matter later.
func TestEngineRootThatCannotBeMade(t *testing.T) {
	cache := fakeArchive(t, `mkdir -p "$4/usr"; echo "E: no such package: docker.io"; exit 3`)
	must(t, os.MkdirAll(filepath.Join(cache, "engines/.trixie.unfinished/old"), 0o755))
	_, err := EngineRoot(t.Context(), "trixie")
	if err == nil || !strings.Contains(err.Error(), "E: no such package: docker.io") ||
		!strings.Contains(err.Error(), "trixie") {
		t.Errorf("error: %v", err)
	}
	for _, name := range []string{"trixie", ".trixie.unfinished"} {
		if _, err := os.Stat(filepath.Join(cache, "engines", name)); !os.IsNotExist(err) {
			t.Errorf("%s is left behind", name)
		}
	}
}

func TestYoungSuitesAreMadeLikeSid(t *testing.T) {
	const none = "a-suite-that-no-debootstrap-knows"
	if got := debootstrapScript(none); !strings.HasSuffix(got, "/sid") {
		t.Errorf("%s is made by %s", none, got)
	}
}
