package atomicfile

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/netlab"
)

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.yaml")
	for _, text := range []string{"one\n", "two\n", ""} {
		if err := Write(path, []byte(text), Keep); err != nil {
			t.Fatal(err)
		}
		wantOnly(t, path, text)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o644 {
		t.Errorf("a new file has mode %v, %v", info.Mode(), err)
	}
}

// The file keeps its mode, its owner, and its place behind a symbolic link.
func TestWriteKeeps(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "some.yaml"), filepath.Join(dir, "link")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("some.yaml", link); err != nil {
		t.Fatal(err)
	}
	owner := os.Getuid()
	if owner == 0 {
		owner = 1234
		if err := os.Chown(path, owner, owner); err != nil {
			t.Fatal(err)
		}
	}
	if err := Write(link, []byte("new\n"), Keep); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != 0o600 || int(info.Sys().(*syscall.Stat_t).Uid) != owner {
		t.Errorf("%+v, %v", info, err)
	}
	if target, err := os.Readlink(link); err != nil || target != "some.yaml" {
		t.Errorf("the link is %q, %v", target, err)
	}
}

// On a full disk the old file stays, and nothing else is left in the directory.
func TestWriteDiskFull(t *testing.T) {
	netlab.Need(t)
	dir := t.TempDir()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread has a mount namespace of its own
		done <- onTinyDisk(t, dir)
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func onTinyDisk(t *testing.T, dir string) error {
	err := errors.Join(unix.Unshare(unix.CLONE_NEWNS|unix.CLONE_FS),
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"))
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "some.yaml")
	if err := Write(path, []byte("old\n"), Keep); err != nil {
		return err
	}
	err = Write(path, make([]byte, 1<<20), Keep)
	if !errors.Is(err, syscall.ENOSPC) || !strings.HasSuffix(err.Error(), "the file was not changed") {
		t.Errorf("the error is %v", err)
	}
	wantOnly(t, path, "old\n")
	return nil
}

// The same where the process may not write more than 4096 bytes into a file: this needs no root.
func TestWriteLimited(t *testing.T) {
	const variable = "DOCKWALL_TEST_WRITE"
	if path := os.Getenv(variable); path != "" {
		signal.Ignore(syscall.SIGXFSZ)
		limitFiles(t, 4096)
		if err := Write(path, make([]byte, 1<<20), Keep); !errors.Is(err, syscall.EFBIG) {
			t.Errorf("the error is %v", err)
		}
		return
	}
	path := filepath.Join(t.TempDir(), "some.yaml")
	if err := Write(path, []byte("old\n"), Keep); err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestWriteLimited$")
	child.Env = append(os.Environ(), variable+"="+path)
	if output, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	wantOnly(t, path, "old\n")
}

// limitFiles limits the size of files until the test ends.
func limitFiles(t *testing.T, size uint64) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	limited := syscall.Rlimit{Cur: size, Max: before.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limited); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Error(err)
		}
	})
}

// A directory that is not there, or that is a file's name, is an error that says so.
func TestWriteErrors(t *testing.T) {
	dir := t.TempDir()
	if err := Write(filepath.Join(dir, "missing", "some.yaml"), nil, Keep); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
	path := filepath.Join(dir, "some.yaml")
	if err := os.MkdirAll(filepath.Join(path, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, nil, Keep); err == nil {
		t.Error("a directory was replaced")
	}
	wantNames(t, dir, "some.yaml")
}

// wantOnly checks a file's text, and that nothing is left beside it.
func wantOnly(t *testing.T, path, text string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != text {
		t.Errorf("%s is %q, %v, want %q", path, got, err, text)
	}
	wantNames(t, filepath.Dir(path), filepath.Base(path))
}

func wantNames(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("%s has %v, %v, want only %s", dir, entries, err, name)
	}
}

// A mode that is asked for counts, also over an older file with another one.
func TestWriteMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.json")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("new\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// What a writer left that was killed goes, and nothing else.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".some.yaml.123.new", "some.yaml", ".hidden", "some.new"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 3 || left[0].Name() != ".hidden" {
		t.Errorf("left: %v, %v", left, err)
	}
}
