package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/testbed"
)

// guarded is a testbed with a guard.
type guarded struct {
	bed *testbed.Testbed
	cmd *exec.Cmd
	log *bytes.Buffer
}

// startGuard builds dockwall, starts its guard and waits until its rules are in force.
func startGuard(ctx context.Context, bed *testbed.Testbed, directory string) (*guarded, error) {
	binary, err := testbed.Build(ctx, directory, "dockwall")
	if err != nil {
		return nil, err
	}
	path, err := guardPolicy(directory)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, binary, "run", "--metrics-socket=", "--policy", path, "--backend", "nftables",
		"--state-dir", bed.StateDir())
	g := &guarded{bed: bed, cmd: cmd, log: &bytes.Buffer{}}
	cmd.Env, cmd.Stderr = append(os.Environ(), bed.Environment()...), g.log
	if err := bed.Host.Do(cmd.Start); err != nil {
		return nil, err
	}
	if _, err := g.await(ctx, func(i *backend.Installed) bool { return i != nil }); err != nil {
		g.end()
		return nil, fmt.Errorf("%w; the guard said: %s", err, g.log)
	}
	return g, nil
}

// end ends the guard. That it was asked to is no error.
func (g *guarded) end() {
	_ = g.cmd.Process.Signal(os.Interrupt)
	_ = g.cmd.Wait()
}

// resting is how long the guard is left alone.
const resting = 20 * time.Second

// rest prints what the guard uses when nothing happens.
func (g *guarded) rest(ctx context.Context, out io.Writer, _ int) error {
	before, err := g.processorTime()
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(resting):
	}
	after, err := g.processorTime()
	if err != nil {
		return err
	}
	memory, err := statusField(g.cmd.Process.Pid, "VmRSS")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%-34s %v of processor in %v, memory %s\n", "at rest", after-before, resting, memory)
	return nil
}

// processorTime is what the guard has used so far, in steps of 10 ms (/proc/PID/stat, proc(5): utime and stime are the
// 14th and 15th field; USER_HZ is 100).
func (g *guarded) processorTime() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", g.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, afterName, _ := strings.Cut(string(text), ") ") // the name may hold spaces
	fields := strings.Fields(afterName)
	var ticks int
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", g.cmd.Process.Pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}
