package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long something may take on a busy machine before a script gives up.
const patience = 60 * time.Second

// serving is the program that a script has running.
type serving struct{ *exec.Cmd }

// serve starts a program in the script's network namespace, with its stderr in a file: serve LOG PROGRAM [ARGUMENT...]
// It is ended with the script.
func serve(ts *testscript.TestScript, _ bool, args []string) {
	command := inNetwork(ts, args[1:])
	path, err := exec.LookPath(command[0])
	ts.Check(err)
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o755))
	log, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer log.Close()
	cmd := exec.Command(path, command[1:]...)
	cmd.Dir, cmd.Env, cmd.Stderr = ts.MkAbs("."), environment(ts), log
	ts.Check(cmd.Start())
	ts.Defer(func() { _ = cmd.Process.Kill() })
	ts.Value(servedKey{}).(*serving).Cmd = cmd
}

// servedKey is where a script's environment keeps what it serves.
type servedKey struct{}

// ends sends a signal to what is served, and checks how it ends: ends TERM CODE
func ends(ts *testscript.TestScript, _ bool, args []string) {
	cmd := ts.Value(servedKey{}).(*serving).Cmd
	ts.Check(cmd.Process.Signal(signalNamed(args[0])))
	checkExit(ts, cmd.Wait(), atoi(ts, args[1]))
}

// signal sends a signal to what is served: signal HUP
func sendSignal(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Value(servedKey{}).(*serving).Process.Signal(signalNamed(args[0])))
}

func signalNamed(name string) syscall.Signal {
	return map[string]syscall.Signal{"TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL}[name]
}

// await waits until a file has a text that a pattern fits: await FILE PATTERN
func await(ts *testscript.TestScript, _ bool, args []string) {
	path, pattern := ts.MkAbs(args[0]), regexp.MustCompile(args[1])
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		text, err := os.ReadFile(path)
		ts.Check(err)
		if pattern.Match(text) {
			ts.Logf("%s: %s", filepath.Base(path), text)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	text, _ := os.ReadFile(path)
	ts.Fatalf("%s never had %q; it has:\n%s", args[0], args[1], text)
}
