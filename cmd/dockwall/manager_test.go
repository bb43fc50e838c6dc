package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/guard"
)

// systemd is a service manager that listens.
func systemd(t *testing.T) *net.UnixConn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return conn
}

// heard are the next messages, until none comes for a while.
func heard(t *testing.T, conn *net.UnixConn, wait time.Duration) []string {
	t.Helper()
	var all []string
	buffer := make([]byte, 1000)
	for {
		if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(buffer)
		if err != nil {
			return all
		}
		all = append(all, string(buffer[:n]))
	}
}

func TestManagerIsTold(t *testing.T) {
	conn := systemd(t)
	trouble := "there is no policy"
	m := newManager(&guard.Guard{}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	m.trouble = func() string { return trouble }
	failing := errors.New("no policy")
	round := m.around(func(context.Context, []guard.Cause) error { return failing })
	if err := round(t.Context(), nil); !errors.Is(err, failing) {
		t.Errorf("the round's error became %v", err)
	}
	trouble, failing = "", nil
	if err := round(t.Context(), nil); err != nil {
		t.Error(err)
	}
	m.stopping()
	want := []string{"STATUS=there is no policy", "READY=1", "STATUS=in force, as the policy says", "STOPPING=1"}
	if got := heard(t, conn, 100*time.Millisecond); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

// The watchdog is fed while no round hangs.
func TestWatchdog(t *testing.T) {
	conn := systemd(t)
	t.Setenv("WATCHDOG_USEC", "100000")
	m := newManager(&guard.Guard{}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { m.beat(ctx); close(ended) }()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 100)); err != nil || n != len("WATCHDOG=1") {
		t.Fatalf("no sign of life: %d bytes, %v", n, err)
	}
	m.begun.Store(time.Now().Add(-time.Minute).UnixNano())
	heard(t, conn, 60*time.Millisecond) // one may have been on its way
	if got := heard(t, conn, 300*time.Millisecond); len(got) != 0 {
		t.Errorf("a round hangs, and the manager was told %s", strings.Join(got, ", "))
	}
	cancel()
	<-ended
}
