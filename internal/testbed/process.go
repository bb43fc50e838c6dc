package testbed

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

//go:embed engine.sh
var engineScript string

func (e *Engine) startInit(root string, keep bool) error {
	if err := os.MkdirAll(filepath.Join(e.state, "root"), 0o755); err != nil {
		return err
	}
	variant := "nft"
	if e.options.Legacy {
		variant = "legacy"
	}
	command := []string{"/bin/cat"} // until its standard input ends
	if keep {
		command = []string{"/bin/sleep", "infinity"}
	}
	arguments := append([]string{"-c", engineScript, "engine.sh", root, e.state, variant}, command...)
	e.init = exec.Command("/bin/sh", arguments...)
	e.init.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID, Setsid: true}
	var err error
	if e.life, err = e.init.StdinPipe(); err != nil {
		return err
	}
	return e.awaitInit()
}

func (e *Engine) awaitInit() error {
	log, err := e.log("init")
	if err != nil {
		return err
	}
	defer log.Close()
	e.init.Stderr = log
	said, err := e.init.StdoutPipe()
	if err != nil {
		return err
	}
	if err := e.host.Do(e.init.Start); err != nil {
		return err
	}
	e.pid = e.init.Process.Pid
	if line, _ := bufio.NewReader(said).ReadString('\n'); line != "ready\n" {
		return fmt.Errorf("%w: %s", e.init.Wait(), e.lastWords("init"))
	}
	return nil
}

func (e *Engine) log(name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(e.state, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}

// lastWords are the last lines of a log, for errors.
func (e *Engine) lastWords(name string) string {
	text, err := os.ReadFile(filepath.Join(e.state, name+".log"))
	if err != nil {
		return err.Error()
	}
	return lastLines(text, 5)
}

// inside is a command within the engine's namespaces and root. It outlives this process where the engine does.
func (e *Engine) inside(name string, args ...string) *exec.Cmd {
	target := strconv.Itoa(e.pid)
	cmd := exec.Command("nsenter", append([]string{"--target", target, "--mount", "--pid", "--net", "--root", "--wd",
		"--", name}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// spawn starts a daemon inside; the channel gives its end.
func (e *Engine) spawn(name string, args ...string) (chan error, error) {
	log, err := e.log(name)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := e.inside(name, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- fmt.Errorf("%s ended (%v)", name, cmd.Wait()) }()
	return ended, nil
}

// await waits until a daemon is ready, has ended, or has had a minute.
func (e *Engine) await(ctx context.Context, name string, ended chan error, ready func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for !ready() {
		select {
		case err := <-ended:
			return fmt.Errorf("%w: %s", err, e.lastWords(name))
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w: %s", name, ctx.Err(), e.lastWords(name))
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// close ends process 1, and with it everything of the engine. It returns when the namespaces are gone.
func (e *Engine) close() error {
	if e.init == nil || e.init.Process == nil {
		return nil
	}
	e.Client.Close()
	e.life.Close()
	if err := e.init.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	if err := thaw(e.cgroup); err != nil {
		return err
	}
	e.init.Wait() // it was killed: the error says only that
	return nil
}
