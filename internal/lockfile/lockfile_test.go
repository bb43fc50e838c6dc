package lockfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func create(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "lock")
	first, second := create(t, path), create(t, path)
	if err := Try(first); err != nil {
		t.Fatal(err)
	}
	if err := Try(second); !errors.Is(err, ErrTaken) {
		t.Errorf("a second lock: %v", err)
	}
	said := 0
	if err := Wait(t.Context(), second, func() { said++; _ = first.Close() }); err != nil || said != 1 {
		t.Errorf("waiting: %v, said %d times", err, said)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := Wait(ctx, create(t, path), cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait that was ended: %v", err)
	}
}

// Where nothing can be written, what is there is locked, so that two processes still exclude each other.
func TestUnwritable(t *testing.T) {
	dir := t.TempDir()
	for _, missing := range []string{"lock", "state/lock"} {
		first, err := openAsIs(filepath.Join(dir, missing))
		if err != nil || first.Name() != dir || Try(first) != nil {
			t.Fatalf("%s: %v", missing, err)
		}
		second, err := openAsIs(filepath.Join(dir, missing))
		if err != nil || !errors.Is(Try(second), ErrTaken) {
			t.Errorf("%s is locked twice: %v", missing, err)
		}
		_, _ = first.Close(), second.Close()
	}
	there := create(t, filepath.Join(dir, "lock"))
	if file, err := openAsIs(there.Name()); err != nil || file.Name() != there.Name() {
		t.Errorf("a lock file that is there: %v", err)
	}
}
