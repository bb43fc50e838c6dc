// Package broadcast tells everyone who is logged in.
//
// Invariants. Nobody can hold it up: wall is given some seconds, and a terminal that takes nothing is passed over. The
// text is printable before it comes here. That somebody could not be told is an error for the log, and stops nothing.
package broadcast

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/dockwall/dockwall/internal/session"
)

// patience is how long wall may take.
const patience = 5 * time.Second

// Crier tells everyone.
type Crier struct {
	Wall    string // the program; where it is missing, terminals are written to
	Proc    session.Proc
	Devices string // the directory of devices
}

// Live is that of this machine.
func Live() Crier { return Crier{"wall", session.Live(), "/dev"} }

// Tell gives the text to wall, or without wall to the terminals of all sessions.
func (c Crier) Tell(ctx context.Context, text string) error {
	path, err := exec.LookPath(c.Wall)
	if err == nil {
		if err = c.wall(ctx, path, text); err == nil {
			return nil
		}
	}
	names, listErr := c.Proc.Terminals()
	for _, name := range names {
		listErr = errors.Join(listErr, write(filepath.Join(c.Devices, name), text))
	}
	if listErr != nil {
		return fmt.Errorf("not everyone who is logged in could be told: %w", errors.Join(err, listErr))
	}
	return nil
}

func (c Crier) wall(ctx context.Context, path, text string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path)
	cmd.Stdin = strings.NewReader(text + "\n")
	cmd.WaitDelay = time.Second
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", path, err, strings.TrimSpace(string(output)))
	}
	return nil
}

// write tells one terminal, without becoming its owner and without waiting for it.
func write(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.SetWriteDeadline(time.Now().Add(time.Second)); err != nil && !errors.Is(err, os.ErrNoDeadline) {
		return err
	}
	_, err = f.WriteString("\r\n" + strings.ReplaceAll(text, "\n", "\r\n") + "\r\n")
	return err
}
