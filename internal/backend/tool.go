package backend

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// toolLimit is how long a program may take. The largest gates take some seconds; systemd restarts the guard after two minutes.
const toolLimit = time.Minute

// tidyTime is for what a program may have started and left with its output, once it is ended.
const tidyTime = time.Second

// Ran is what a program said.
type Ran struct{ Stdout, Stderr string }

// RunTool runs nft, iptables or ipset in the network namespace of this thread, with a text as its input. One that does not
// end within a minute is killed, and so is one whose dockwall was killed: nothing is changed later by what hung before.
//
// The input is a file in memory, not a pipe: a program whose dockwall is killed while it reads would take the part that came
// for the whole, and put half a change in force.
func RunTool(ctx context.Context, text, path string, arguments ...string) (Ran, error) {
	return runWithin(ctx, toolLimit, text, path, arguments)
}

func runWithin(ctx context.Context, limit time.Duration, text, path string, arguments []string) (Ran, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took longer than %s", limit))
	defer cancel()
	input, err := inMemory(text)
	if err != nil {
		return Ran{}, err
	}
	defer input.Close()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, path, arguments...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = input, &stdout, &stderr, tidyTime
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL}
	runtime.LockOSThread() // the signal comes when the thread that started it ends
	defer runtime.UnlockOSThread()
	err = cmd.Run()
	if err != nil && ctx.Err() != nil {
		err = &StoppedError{Tool: path, Why: context.Cause(ctx)}
	}
	return Ran{stdout.String(), stderr.String()}, err
}

// inMemory is a text as an open file that is nowhere else.
func inMemory(text string) (*os.File, error) {
	fd, err := unix.MemfdCreate("dockwall", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("a file in memory could not be made: %w", err)
	}
	f := os.NewFile(uintptr(fd), "rules")
	_, err = f.WriteString(text)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the rules could not be written into memory: %w", err), f.Close())
	}
	return f, nil
}

// StoppedError is a program that did not come to its end.
type StoppedError struct {
	Tool string
	Why  error
}

func (e *StoppedError) Error() string {
	return fmt.Sprintf("%s did not come to an end and was stopped: %v; each of its transactions is in force wholly "+
		"or not at all, see `dockwall status`", e.Tool, e.Why)
}

// Unwrap is why it was stopped.
func (e *StoppedError) Unwrap() error { return e.Why }
