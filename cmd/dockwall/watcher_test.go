package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/confirm"
)

// watched sees to it that no watcher of the state directory outlives the script: watched DIR
func watched(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Defer(func() {
		ts.Check(confirm.Store{Dir: dir}.Drop())
		gone(ts, dir)
	})
}

// signalWatcher sends a signal to the watcher of a state directory: watcher DIR KILL. With "gone" in place of the signal
// it waits until there is none.
func signalWatcher(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	if args[1] != "gone" {
		pids := watchers(ts, dir)
		if len(pids) != 1 {
			ts.Fatalf("%d processes watch %s, want one", len(pids), dir)
		}
		ts.Check(unix.Kill(pids[0], signalNamed(args[1])))
		if args[1] == "HUP" {
			return
		}
	}
	gone(ts, dir)
}

// gone waits until no watcher is alive.
func gone(ts *testscript.TestScript, dir string) {
	for deadline := time.Now().Add(patience); len(watchers(ts, dir)) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("a watcher of %s does not end", dir)
		}
	}
}

// watchers are the processes that await a confirmation for a state directory.
func watchers(ts *testscript.TestScript, dir string) []int {
	entries, err := os.ReadDir("/proc")
	ts.Check(err)
	var pids []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		command, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline"))
		if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, unix.ESRCH) {
			ts.Check(err)
		}
		words := bytes.Split(bytes.TrimSuffix(command, []byte{0}), []byte{0})
		if len(words) > 3 && string(words[1]) == awaiter && string(words[len(words)-1]) == dir {
			pids = append(pids, pid)
		}
	}
	return pids
}
