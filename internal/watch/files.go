package watch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/fsnotify/fsnotify"
)

// Files is the source that follows files and directories by watching the directories they are in: whatever comes,
// changes, goes or is renamed there is a reason to look, because a file may be replaced, be a link to a place elsewhere,
// or not exist yet. list is asked anew after each change, because the files themselves may name others. What changed since
// Files was called, or before its directory could be watched, is told as well.
func Files(list func() []string) Source {
	seen := look(list())
	return func(ctx context.Context, wake Wake) error {
		w, err := fsnotify.NewWatcher()
		if err != nil {
			return fmt.Errorf("the kernel does not tell of changed files: %w", err)
		}
		defer w.Close()
		for {
			names := list()
			watchOnly(w, directories(names))
			now := look(names)
			for _, name := range now.differ(seen) {
				wake(fmt.Sprintf("the file %q was changed", name))
			}
			seen = now
			select {
			case <-ctx.Done():
				return ctx.Err()
			case event, ok := <-w.Events:
				if !ok {
					return errors.New("the kernel's stream of changed files ended")
				}
				wake(fmt.Sprintf("the file %q was changed", event.Name))
			case err := <-w.Errors:
				wake(fmt.Sprintf("files changed, but not all could be followed (%v)", err))
			}
		}
	}
}

// watchOnly makes the watcher watch these directories and no others. One that vanishes meanwhile changes its parent,
// which is watched, too.
func watchOnly(w *fsnotify.Watcher, dirs []string) {
	for _, old := range w.WatchList() {
		if !slices.Contains(dirs, old) {
			_ = w.Remove(old)
		}
	}
	for _, dir := range dirs {
		_ = w.Add(dir) // again where it is watched already: it may be another directory of the same name
	}
}

// directories are those that tell of the names: where they stand, where what they link to stands, the named ones
// themselves, and in place of one that does not exist the nearest above it that does.
func directories(names []string) []string {
	var dirs []string
	for _, name := range names {
		dirs = append(dirs, existing(filepath.Dir(name)))
		if target, err := filepath.EvalSymlinks(name); err == nil {
			dirs = append(dirs, filepath.Dir(target))
		}
		if isDirectory(name) {
			dirs = append(dirs, name)
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

func existing(dir string) string {
	for !isDirectory(dir) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	return dir
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
