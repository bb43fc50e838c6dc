package confirm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dockwall/dockwall/internal/lockfile"
)

// Pace of a watcher, and of who waits for it to be there.
const (
	look        = 100 * time.Millisecond // between two looks whether the change was confirmed
	alivePoll   = 10 * time.Millisecond
	retryFirst  = time.Second
	retryLast   = 30 * time.Second
	alivePeriod = 15 * time.Second // that a watcher may take to begin, on a busy machine
)

func (s Store) watcher() string { return filepath.Join(s.Dir, "confirm.lock") }

// Watch waits until the change is not pending any more, or is due, and then calls back, again and again until that
// succeeds. When the context ends it goes back at once: a change that nobody watches is not left in force.
func (s Store) Watch(ctx context.Context, id string, back func(context.Context) error, log *slog.Logger) error {
	lock, err := s.beAlive(ctx, id)
	if err != nil {
		return err
	}
	defer lock.Close()
	if ended, err := s.await(ctx, id); ended || err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	for delay := retryFirst; ; delay = min(2*delay, retryLast) {
		err := back(ctx)
		if err == nil {
			return nil
		}
		log.Error("what was in force before is not back yet", "error", err, "again in", delay)
		time.Sleep(delay)
	}
}

// beAlive takes the watcher's lock, behind a watcher of an earlier change that is about to end, and says which change is
// watched.
func (s Store) beAlive(ctx context.Context, id string) (*os.File, error) {
	lock, err := lockfile.Create(s.watcher())
	if err != nil {
		return nil, err
	}
	if err = lockfile.Wait(ctx, lock, func() {}); err == nil {
		err = errors.Join(lock.Truncate(0), lock.Sync())
	}
	if err == nil {
		_, err = lock.WriteAt([]byte(id+"\n"), 0)
	}
	if err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("the change is not watched: %w", err)
	}
	return lock, nil
}

// await is true where the change is not pending any more, and false where it is time to go back. A file that cannot be
// read now may be read later.
func (s Store) await(ctx context.Context, id string) (ended bool, err error) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		p, err := s.Load()
		if err == nil && (p == nil || p.ID != id) {
			return true, nil
		}
		now, clock := Now()
		if clock != nil {
			return false, clock
		}
		if err == nil && p.Due(now) {
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, nil
		case <-tick.C:
		}
	}
}

// Watched waits until a watcher of the change is alive.
func (s Store) Watched(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, alivePeriod)
	defer cancel()
	tick := time.NewTicker(alivePoll)
	defer tick.Stop()
	for !s.watches(id) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("nothing was changed: the process that would go back did not begin (%w; its log is %s)",
				context.Cause(ctx), s.Log())
		case <-tick.C:
		}
	}
	return nil
}

// watches tells whether the process that has the watcher's lock watches that change.
func (s Store) watches(id string) bool {
	data, err := os.ReadFile(s.watcher())
	if err != nil || strings.TrimSpace(string(data)) != id {
		return false
	}
	lock, err := os.OpenFile(s.watcher(), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer lock.Close()
	return errors.Is(lockfile.Try(lock), lockfile.ErrTaken)
}
