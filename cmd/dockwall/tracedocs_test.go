package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// shownSession is a command in a document with what it prints.
var shownSession = regexp.MustCompile("(?ms)^```console\n\\$ (dockwall [^\n]*)\n(.*?)^```$")

// indented is a command in a document without what it prints, and perhaps a remark.
var indented = regexp.MustCompile(`(?m)^    (dockwall (?:trace|explain)[^#\n]*)`)

// What docs/trace.md shows is what the recorded host's trace prints, and the commands that docs/cli.md shows are good.
func TestTraceDocs(t *testing.T) {
	snapshots := t.TempDir()
	writeSnapshots(t, snapshots)
	dir := t.TempDir()
	script := sessions(t)
	if err := os.WriteFile(filepath.Join(dir, "docs.txtar"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: dir, RequireExplicitExec: true, Setup: func(env *testscript.Env) error {
		env.Setenv("SNAPSHOT", filepath.Join(snapshots, "docker-29.7-iptables.json"))
		return nil
	}, Cmds: map[string]func(*testscript.TestScript, bool, []string){"answers": answers}})
}

// answers runs a program whose question is understood, whatever the answer is.
func answers(ts *testscript.TestScript, _ bool, args []string) {
	var failed *exec.ExitError
	if err := ts.Exec(args[0], args[1:]...); err != nil && !errors.As(err, &failed) {
		ts.Fatalf("the program was not run: %v", err)
	}
	if failed != nil && failed.ExitCode() == exitError {
		ts.Fatalf("the command is an error")
	}
}

func commands(t *testing.T) string {
	t.Helper()
	found := indented.FindAllStringSubmatch(document(t, "cli.md"), -1)
	if len(found) < 4 {
		t.Fatalf("docs/cli.md shows %d commands, want 4 or more", len(found))
	}
	script := ""
	for _, f := range found {
		script += fmt.Sprintf("answers %s --snapshot $SNAPSHOT\n", strings.TrimSpace(f[1]))
	}
	return script
}

func sessions(t *testing.T) string {
	t.Helper()
	found := shownSession.FindAllStringSubmatch(document(t, "trace.md"), -1)
	if len(found) < 2 {
		t.Fatalf("docs/trace.md shows %d sessions, want 2 or more", len(found))
	}
	script, files := "", ""
	for i, f := range found {
		script += fmt.Sprintf("answers %s --snapshot $SNAPSHOT\ncmp stdout %d.txt\n", f[1], i)
		files += fmt.Sprintf("-- %d.txt --\n%s", i, f[2])
	}
	return script + commands(t) + files
}

func document(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
