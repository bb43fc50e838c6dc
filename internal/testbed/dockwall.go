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
	cmd := exec.CommandContext(ctx, binary, append(args, "--state-dir", filepath.Join(t.directory(), "dockwall"))...)
	cmd.Env = append(os.Environ(), t.Environment()...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := t.Host.Do(cmd.Run)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return Result{}, err
	}
	return Result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}, nil
}

// Environment is the variables that make this machine's programs, run in the host's network namespace, work with its
// engine: DOCKER_HOST, and the lock file of iptables.
func (t *Testbed) Environment() []string {
	return []string{
		"DOCKER_HOST=" + t.Engine.DockerHost(),
		fmt.Sprintf("XTABLES_LOCKFILE=/proc/%d/root/run/xtables.lock", t.Engine.pid),
		"NO_COLOR=1",
	}
}
