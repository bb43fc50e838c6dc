// Package lockfile lets one process at a time do something. A lock is an advisory lock of the kernel on a file or a
// directory (flock(2)): it goes when its process ends, however it ends, and the file stays.
package lockfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// retry is how long a waiting process sleeps between two tries: people do not notice it, the machine neither. It does not
// wait in the kernel, because that wait could not be ended.
const retry = 50 * time.Millisecond

// ErrTaken is that another process has the lock.
var ErrTaken = errors.New("another process has the lock")

// Create opens the file of a lock, and makes it with its directory if need be. Closing it gives the lock back. Where nothing
// can be written, a lock file that is there can still be locked; where there is none, the directory that it would be in is.
func Create(path string) (*os.File, error) {
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		var file *os.File
		if file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err == nil {
			return file, nil
		}
	}
	if !unwritable(err) {
		return nil, fmt.Errorf("the lock cannot be made or opened (choose another place with --state-dir): %w", err)
	}
	return openAsIs(path)
}

// unwritable tells whether nobody could write there.
func unwritable(err error) bool {
	return errors.Is(err, unix.EROFS) || errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}

// openAsIs opens what exists of a path, without writing anything: the file, or the nearest directory above it.
func openAsIs(path string) (*os.File, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) && path != filepath.Dir(path) {
		return openAsIs(filepath.Dir(path))
	}
	if err != nil {
		return nil, fmt.Errorf("the lock cannot be opened: %w", err)
	}
	return file, nil
}

// Try takes the lock of an open file or directory. Where another process has it, the error is ErrTaken.
func Try(file *os.File) error {
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return ErrTaken
		case !errors.Is(err, unix.EINTR):
			return fmt.Errorf("%s cannot be locked: %w", file.Name(), err)
		}
	}
}

// Wait is Try until the lock is free or the context ends. Where it is not free at once, waiting is called, one time.
func Wait(ctx context.Context, file *os.File, waiting func()) error {
	tick := time.NewTicker(retry)
	defer tick.Stop()
	for said := false; ; said = true {
		if err := Try(file); !errors.Is(err, ErrTaken) {
			return err
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
