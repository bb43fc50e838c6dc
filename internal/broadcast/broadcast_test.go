package broadcast

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/session"
)

// room is a machine where one session is at pts/0, and where wall is the script; "": there is none.
func room(t *testing.T, wall string) (c Crier, terminal, walled string) {
	t.Helper()
	dir := t.TempDir()
	terminal, walled = filepath.Join(dir, "dev/pts/0"), filepath.Join(dir, "walled")
	files := map[string]string{terminal: "", filepath.Join(dir, "proc/7/stat"): "7 (bash) S 1 7 7 34816 " + strings.Repeat("0 ", 20)}
	if wall != "" {
		files[filepath.Join(dir, "wall")] = "#!/bin/sh\ncd " + dir + "\n" + wall + "\n"
	}
	for path, text := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return Crier{filepath.Join(dir, "wall"), session.Proc{Root: filepath.Join(dir, "proc")}, filepath.Join(dir, "dev")}, terminal, walled
}

func has(t *testing.T, path, want string) {
	t.Helper()
	if data, _ := os.ReadFile(path); string(data) != want {
		t.Errorf("%s has %q, want %q", filepath.Base(path), data, want)
	}
}

func TestTell(t *testing.T) {
	c, terminal, walled := room(t, "cat >walled")
	if err := c.Tell(t.Context(), "the old gate is back"); err != nil {
		t.Error(err)
	}
	has(t, walled, "the old gate is back\n")
	has(t, terminal, "")
}

// Without wall, or with one that fails, terminals are written to.
func TestTellTerminals(t *testing.T) {
	for _, wall := range []string{"", "exit 1"} {
		c, terminal, _ := room(t, wall)
		if err := c.Tell(t.Context(), "the old gate\nis back"); err != nil {
			t.Error(err)
		}
		has(t, terminal, "\r\nthe old gate\r\nis back\r\n")
		if err := os.Remove(terminal); err != nil {
			t.Fatal(err)
		}
		if err := c.Tell(t.Context(), "again"); err == nil || !strings.Contains(err.Error(), "could be told") {
			t.Errorf("a terminal that cannot be written to: %v", err)
		}
	}
}
