package enforce

import (
	"context"
	"os"
	"path/filepath"

	"github.com/dockwall/dockwall/internal/lockfile"
)

// lock takes the lock of the state directory, and says so where it has to wait for it.
func (e *Enforcer) lock(ctx context.Context) (release func(), err error) {
	file, err := lockfile.Create(filepath.Join(e.StateDir, "lock"))
	if err != nil {
		return nil, err
	}
	if err := e.wait(ctx, file); err != nil {
		_ = file.Close()
		return nil, err
	}
	return func() { _ = file.Close() }, nil // closing gives the lock back
}

// wait waits for the lock of an open file or directory, and says so.
func (e *Enforcer) wait(ctx context.Context, file *os.File) error {
	return lockfile.Wait(ctx, file, func() { e.waiting(file.Name()) })
}
