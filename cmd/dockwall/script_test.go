package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dockwall/dockwall/internal/host"
)

var update = flag.Bool("update", false, "write the files that scripts compare stdout with anew")

// recordings are the recorded hosts that scripts look at: by $SNAPSHOTS/NAME.json, or as the engine they run beside.
const recordings = "../../internal/host/testdata/hosts"

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dockwall": func() { os.Exit(run()) }})
}

// TestScripts runs testdata/script. Each script says first which behaviour it guards.
func TestScripts(t *testing.T) {
	snapshots := t.TempDir()
	writeSnapshots(t, snapshots)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup:               func(env *testscript.Env) error { return setUp(env, snapshots) },
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":        exits,
			"unprivileged": unprivileged,
			"engine":       engine,
			"network":      network,
			"contend":      contend,
			"serve":        serve,
			"ends":         ends,
			"signal":       sendSignal,
			"await":        await,
			"answered":     answered,
			"mode":         mode,
			"occupy":       occupy,
			"promised":     promised,
			"watched":      watched,
			"watcher":      signalWatcher,
		},
	})
}

// writeSnapshots makes snapshots of the recorded hosts.
func writeSnapshots(t *testing.T, dir string) {
	t.Helper()
	hosts, err := filepath.Glob(recordings + "/*")
	if err != nil || len(hosts) == 0 {
		t.Fatalf("there are no recordings: %v", err)
	}
	for _, path := range hosts {
		s, err := host.RecordedSnapshot(path)
		if err != nil {
			t.Fatal(err)
		}
		s.Version = "test"
		if err := s.WriteFile(filepath.Join(dir, filepath.Base(path)+".json")); err != nil {
			t.Fatal(err)
		}
	}
}

// setUp keeps scripts away from the machine's own Docker, and makes their files trustworthy whatever the umask.
func setUp(env *testscript.Env, snapshots string) error {
	env.Values[servedKey{}] = &serving{}
	env.Setenv("SNAPSHOTS", snapshots)
	env.Setenv("SNAPSHOT", filepath.Join(snapshots, "docker-20.10-iptables.json"))
	env.Setenv("DOCKER_HOST", "unix://"+filepath.Join(env.WorkDir, "no.sock"))
	return filepath.WalkDir(env.WorkDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chmod(path, 0o644)
	})
}

// condition is "kernel": the test may make network namespaces. With CI=true it must.
func condition(name string) (bool, error) {
	if name != "kernel" {
		return false, fmt.Errorf("there is no condition %s", name)
	}
	if os.Geteuid() != 0 && os.Getenv("CI") == "true" {
		return false, errors.New("this script makes network namespaces and needs root, and CI=true")
	}
	return os.Geteuid() == 0, nil
}

// exits runs a program, in the script's network namespace if it has one, and checks its exit code:
// exits 2 dockwall plan
func exits(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGUMENT...]")
	}
	command := inNetwork(ts, args[1:])
	checkExit(ts, ts.Exec(command[0], command[1:]...), atoi(ts, args[0]))
}

// unprivileged is exits without any rights: for root, in a user namespace where it is nobody.
func unprivileged(ts *testscript.TestScript, _ bool, args []string) {
	command := args[1:]
	if os.Geteuid() == 0 {
		command = append([]string{"unshare", "--user"}, command...)
	}
	checkExit(ts, ts.Exec(command[0], command[1:]...), atoi(ts, args[0]))
}

func checkExit(ts *testscript.TestScript, err error, want int) {
	got := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		got = failed.ExitCode()
	} else if err != nil {
		ts.Fatalf("the program was not run: %v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// inNetwork is the command that runs a command in the script's network namespace.
func inNetwork(ts *testscript.TestScript, command []string) []string {
	if path := ts.Getenv("NETNS"); path != "" {
		return append([]string{"nsenter", "--net=" + path}, command...)
	}
	return command
}
