package confirm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// Starter begins a watcher that outlives everything that begins it.
type Starter struct {
	Systemd string   // a directory that is there where systemd runs
	Network string   // systemd's own network namespace, where its units are
	Command []string // the watcher: a program and its arguments
	Notice  func(text string)
}

// How programs know that systemd runs, and where.
const (
	SystemdRuns    = "/run/systemd/system"
	SystemdNetwork = "/proc/1/ns/net"
)

// Start begins a watcher of the change, and returns when it is alive. Where systemd runs, it is a unit of its own, because
// logind may end all processes of a login with it; else, and in another network namespace than systemd's, it is a process
// in a session of its own, without a terminal.
func (s Starter) Start(ctx context.Context, store Store, p *Pending) error {
	if s.hasSystemd() {
		err := s.unit(ctx, p)
		if err == nil {
			return store.Watched(ctx, p.ID)
		}
		s.Notice(fmt.Sprintf("systemd does not run the way back (%v), and it runs beside it: where logind ends processes with their "+
			"login (KillUserProcesses=yes), stay logged in until the change is confirmed", err))
	}
	if err := s.detached(store); err != nil {
		return fmt.Errorf("nothing was changed: the process that would go back cannot be begun: %w", err)
	}
	return store.Watched(ctx, p.ID)
}

// hasSystemd tells whether a unit would run where this process does.
func (s Starter) hasSystemd() bool {
	if info, err := os.Stat(s.Systemd); err != nil || !info.IsDir() {
		return false
	}
	here, err := os.Readlink("/proc/self/ns/net")
	there, err2 := os.Readlink(s.Network)
	return err == nil && err2 == nil && here == there
}

// unit asks systemd to run the watcher.
func (s Starter) unit(ctx context.Context, p *Pending) error {
	output, err := exec.CommandContext(ctx, "systemd-run", s.unitArguments(p)...).CombinedOutput()
	if err != nil {
		return errors.Join(err, errors.New(strings.TrimSpace(string(output))))
	}
	return nil
}

func (s Starter) unitArguments(p *Pending) []string {
	return append([]string{"--quiet", "--collect", "--unit=dockwall-confirm-" + strings.ToLower(p.ID),
		"--description=Way back of a change to the firewall of Docker's ports", "--property=Restart=on-failure", "--"}, s.Command...)
}

// detached begins the watcher in a session of its own. It is not waited for: it outlives this process.
func (s Starter) detached(store Store) error {
	log, err := os.OpenFile(store.Log(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(s.Command[0], s.Command[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // where this process lives on, nothing is left of one that ended
	return nil
}
