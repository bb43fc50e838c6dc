package enforce

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// lockRetry is how long a waiting dockwall sleeps between two tries: people do not notice it, the machine neither.
const lockRetry = 50 * time.Millisecond

// lock takes the lock of the state directory, which is made if need be, and returns what gives it back. Where another
// process has it, waiting is called once with the lock's path, and lock waits until it is free or the context ends.
func lock(ctx context.Context, dir string, waiting func(path string)) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("the state directory cannot be made (choose another with --state-dir): %w", err)
	}
	path := filepath.Join(dir, "lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the lock cannot be opened: %w", err)
	}
	if err := acquire(ctx, file, func() { waiting(path) }); err != nil {
		_ = file.Close()
		return nil, err
	}
	return func() { _ = file.Close() }, nil // closing gives the lock back
}

// acquire tries until it has the lock. It does not block in the kernel, because that wait could not be ended.
func acquire(ctx context.Context, file *os.File, waiting func()) error {
	tick := time.NewTicker(lockRetry)
	defer tick.Stop()
	for said := false; ; said = true {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("%s cannot be locked: %w", file.Name(), err)
		}
		if !said {
			waiting()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("gave up waiting for %s, nothing was changed: %w", file.Name(), context.Cause(ctx))
		case <-tick.C:
		}
	}
}
