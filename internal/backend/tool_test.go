package backend

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A program reads all of its input, also from a file opened by name as nft does it, however long it is.
func TestRunToolInput(t *testing.T) {
	text := strings.Repeat("add rule\n", 100_000)
	for _, command := range []string{"cat", "cat /dev/stdin"} {
		ran, err := RunTool(t.Context(), text, "sh", "-c", command+"; echo said >&2")
		if err != nil || ran.Stdout != text || ran.Stderr != "said\n" {
			t.Errorf("%s: %d bytes of %d, stderr %q: %v", command, len(ran.Stdout), len(text), ran.Stderr, err)
		}
	}
}

// A program that hangs is ended, with a child that holds its output, and the error says so.
func TestRunToolHangs(t *testing.T) {
	_, err := runWithin(t.Context(), 50*time.Millisecond, "", "sh", []string{"-c", "sleep 600 & echo $! >&2; wait"})
	var stopped *StoppedError
	if !errors.As(err, &stopped) || !strings.Contains(err.Error(), "sh did not come to an end") ||
		!strings.Contains(err.Error(), "longer than 50ms") {
		t.Errorf("a program that hangs: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := RunTool(ctx, "", "sleep", "600"); !errors.Is(err, context.Canceled) {
		t.Errorf("a call that was cancelled: %v", err)
	}
}

// A program does not outlive a dockwall that is killed: what hung must not change rules later. The program holds the pipe
// open for as long as it lives.
func TestRunToolDies(t *testing.T) {
	if os.Getenv("DOCKWALL_TEST_HANG") != "" {
		_, _ = RunTool(t.Context(), "", "sh", "-c", "echo hangs >&3; exec sleep 600")
		return
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd := exec.Command(os.Args[0], "-test.run=^TestRunToolDies$")
	cmd.Env = append(os.Environ(), "DOCKWALL_TEST_HANG=1")
	cmd.ExtraFiles = []*os.File{write}
	if err := errors.Join(cmd.Start(), write.Close()); err != nil {
		t.Fatal(err)
	}
	pipe := bufio.NewReader(read)
	if said, err := pipe.ReadString('\n'); said != "hangs\n" {
		t.Fatalf("the program said %q: %v", said, err)
	}
	_, _ = cmd.Process.Kill(), cmd.Wait()
	if _, err := pipe.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("reading until the program ends: %v", err)
	}
}
