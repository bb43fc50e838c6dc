package policy

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// WriteFile replaces the file at path as a whole or not at all: the text is written and flushed beside it, and then
// renamed. The file keeps its mode and owner; a new one gets mode 0644. Behind a symbolic link, what it points to is
// replaced. Whatever fails, the old file is as it was.
func WriteFile(path string, data []byte) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	temporary, err := writeBeside(path, data)
	if err != nil {
		return fmt.Errorf("writing %s: %w; the file was not changed", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		os.Remove(temporary)
		return fmt.Errorf("replacing %s: %w; the file was not changed", path, err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("%s was replaced, but may be the old one after a crash: %w", path, err)
	}
	return nil
}

// writeBeside writes a temporary file in the same directory. Its name begins with a dot, so that no policy.d reads it.
func writeBeside(path string, data []byte) (name string, err error) {
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
	if err := likeOld(f, path); err != nil {
		return "", err
	}
	if _, err := f.Write(data); err != nil {
		return "", err
	}
	return f.Name(), f.Sync()
}

// likeOld gives the new file the mode and, for root, the owner of the one it replaces.
func likeOld(f *os.File, path string) error {
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

// syncDir makes a rename in the directory survive a crash.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
