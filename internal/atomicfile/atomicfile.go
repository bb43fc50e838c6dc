// Package atomicfile replaces files as a whole or not at all, so that a full disk, a crash or a power cut at any moment
// leaves either the old content or the new.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Keep as the mode of Write means: the mode and, for root, the owner of the file that is replaced; 0644 for a new one.
const Keep fs.FileMode = 0

// Write replaces the file at path: the data is written and flushed beside it, renamed, and the rename flushed. Behind a
// symbolic link, what it points to is replaced. Whatever fails, the old file is as it was, unless the error says otherwise.
func Write(path string, data []byte, mode fs.FileMode) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	temporary, err := writeBeside(path, data, mode)
	if err != nil {
		return fmt.Errorf("writing %s: %w; the file was not changed", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		os.Remove(temporary)
		return fmt.Errorf("replacing %s: %w; the file was not changed", path, err)
	}
	if err := SyncDirectory(filepath.Dir(path)); err != nil {
		return fmt.Errorf("%s was replaced, but may be the old one after a crash: %w", path, err)
	}
	return nil
}

// writeBeside writes a temporary file in the same directory. Its name begins with a dot and ends in .new, so that
// nothing that lists *.yaml or *.json reads it.
func writeBeside(path string, data []byte, mode fs.FileMode) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.new")
	if err != nil {
		return "", err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if err := setMode(f, path, mode); err != nil {
		return "", err
	}
	if _, err := f.Write(data); err != nil {
		return "", err
	}
	return f.Name(), f.Sync()
}

// setMode gives the new file its mode, or for Keep the mode and owner of the one it replaces.
func setMode(f *os.File, path string, mode fs.FileMode) error {
	if mode != Keep {
		return f.Chmod(mode)
	}
	info, err := os.Stat(path)
	if os.IsNotExist(err) {
		return f.Chmod(0o644)
	}
	if err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		if err := f.Chown(int(stat.Uid), int(stat.Gid)); err != nil {
			return err
		}
	}
	return f.Chmod(info.Mode() & fs.ModePerm)
}

// SyncDirectory makes what was created, renamed or removed in a directory survive a crash.
func SyncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Sweep removes what writers left in a directory that were killed. Nobody may be writing there now.
func Sweep(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, ".*.new"))
	for _, path := range left {
		if removed := os.Remove(path); removed != nil && !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}
	return err
}
