package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// untrustedError is a file that others than root or the running user could have written.
type untrustedError struct{ message, hint string }

func (e *untrustedError) Error() string { return e.message + "; " + e.hint }

// openTrusted opens a regular file that only root or the running user may write. What is checked is what was opened.
func openTrusted(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO must not make us wait
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &untrustedError{"this is not a regular file", "put the text into a file"}
	}
	if err == nil {
		err = trusted(name, info)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// readTrustedDir lists a directory that only root or the running user may write. One that is not there is empty.
func readTrustedDir(name string) ([]fs.DirEntry, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = trusted(name, info)
	}
	if err != nil {
		return nil, err
	}
	return os.ReadDir(name)
}

// trusted refuses what others may write: the file's mode also covers the entries of an access control list.
func trusted(name string, info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return &untrustedError{fmt.Sprintf("others may write it (mode %#o)", mode), "chmod go-w " + name}
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && stat.Uid != 0 && int(stat.Uid) != os.Geteuid() {
		return &untrustedError{fmt.Sprintf("it belongs to user %d, who may write it", stat.Uid), "chown root " + name}
	}
	return nil
}
