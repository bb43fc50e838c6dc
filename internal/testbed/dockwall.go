package testbed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Result is what a command printed and how it ended.
type Result struct {
	Stdout, Stderr string
	Exit           int
}

// Dockwall runs a dockwall binary on the host, as its administrator would: in its network namespace, with its engine
// and with the iptables lock that its dockerd takes. The error is of starting the binary, not of its exit code.
func (t *Testbed) Dockwall(ctx context.Context, binary string, args ...string) (Result, error) {
	cmd := t.command(ctx, binary, args)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := t.Host.Do(cmd.Run)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return Result{}, err
	}
	return Result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}, nil
}

// DockwallKilled is Dockwall, killed before its nth write, counted from 1. With n = 0 it is only counted.
func (t *Testbed) DockwallKilled(ctx context.Context, n int, binary string, args ...string) (step Step, err error) {
	err = t.Host.Do(func() (err error) {
		step, err = killedAt(t.command(ctx, binary, args), n)
		return err
	})
	return step, err
}

func (t *Testbed) command(ctx context.Context, binary string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, append(args, "--state-dir", t.StateDir())...)
	cmd.Env = append(os.Environ(), t.Environment()...)
	return cmd
}

// StateDir is where dockwall keeps its locks and its history on the host.
func (t *Testbed) StateDir() string { return filepath.Join(t.directory(), "dockwall") }

// Environment is the variables that make this machine's programs, run in the host's network namespace, work with its
// engine: DOCKER_HOST, and the lock file of iptables.
func (t *Testbed) Environment() []string {
	return []string{
		"DOCKER_HOST=" + t.Engine.DockerHost(),
		fmt.Sprintf("XTABLES_LOCKFILE=/proc/%d/root/run/xtables.lock", t.Engine.pid),
		"NO_COLOR=1",
	}
}
