package confirm

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/lockfile"
	"github.com/dockwall/dockwall/internal/session"
)

// TestMain is also the watcher that tests start: await ID DIRECTORY.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "await" {
		s := Store{os.Args[3]}
		err := s.Watch(context.Background(), os.Args[2], func(context.Context) error { return s.Drop() }, slog.New(slog.DiscardHandler))
		if err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// pending is a change that waits that long from now.
func pending(t *testing.T, within time.Duration) (Store, *Pending) {
	t.Helper()
	now, err := Now()
	if err != nil {
		t.Fatal(err)
	}
	s, p := Store{t.TempDir()}, New(now, within, session.Login{}, "root")
	if err := s.Save(p); err != nil {
		t.Fatal(err)
	}
	return s, p
}

// watch runs a watcher here, and gives how often it went back when it ends.
func watch(t *testing.T, ctx context.Context, s Store, id string, back func(n int) error) chan int {
	t.Helper()
	ended := make(chan int)
	go func() {
		n := 0
		err := s.Watch(ctx, id, func(context.Context) error { n++; return back(n) }, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Error(err)
		}
		ended <- n
	}()
	return ended
}

func TestWatch(t *testing.T) {
	well := func(int) error { return nil }
	t.Run("confirmed", func(t *testing.T) {
		s, p := pending(t, time.Hour)
		ended := watch(t, t.Context(), s, p.ID, well)
		if err := errors.Join(s.Watched(t.Context(), p.ID), s.Drop()); err != nil {
			t.Error(err)
		}
		if n := <-ended; n != 0 {
			t.Errorf("went back %d times", n)
		}
	})
	t.Run("another change", func(t *testing.T) {
		s, _ := pending(t, time.Hour)
		if n := <-watch(t, t.Context(), s, "another", well); n != 0 {
			t.Errorf("went back %d times", n)
		}
	})
	t.Run("due, and not at the first try", func(t *testing.T) {
		s, p := pending(t, 10*time.Millisecond)
		failing := func(n int) error {
			if n < 2 {
				return errors.New("busy")
			}
			return nil
		}
		if n := <-watch(t, t.Context(), s, p.ID, failing); n != 2 {
			t.Errorf("tried %d times", n)
		}
	})
	t.Run("ended", func(t *testing.T) {
		s, p := pending(t, time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		ended := watch(t, ctx, s, p.ID, well)
		if err := s.Watched(t.Context(), p.ID); err != nil {
			t.Error(err)
		}
		cancel()
		if n := <-ended; n != 1 {
			t.Errorf("went back %d times", n)
		}
	})
}

// A watcher in a process of its own is alive when Start returns, by systemd or without, and ends with the change.
func TestStart(t *testing.T) {
	for name, test := range map[string]struct {
		systemd string // what systemd-run does; "": there is no systemd
		notice  string
	}{
		"without systemd": {},
		"systemd":         {"while [ \"$1\" != -- ]; do shift; done; shift; setsid \"$@\" >/dev/null 2>&1 &", ""},
		"systemd refuses": {"echo no bus >&2; exit 1", "no bus"},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := pending(t, time.Hour)
			said := ""
			starter := Starter{Systemd: "/nowhere", Network: "/proc/self/ns/net", Command: []string{os.Args[0], "await", p.ID, s.Dir}, Notice: func(text string) { said += text }}
			if test.systemd != "" {
				starter.Systemd = fakeSystemd(t, test.systemd)
			}
			if err := starter.Start(t.Context(), s, p); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(s.Log()); (err == nil) != (test.systemd == "" || test.notice != "") {
				t.Errorf("a process of its own: %v", err)
			}
			if !strings.Contains(said, test.notice) || (said == "") != (test.notice == "") {
				t.Errorf("said %q, want %q", said, test.notice)
			}
			if err := s.Drop(); err != nil {
				t.Error(err)
			}
			free(t, s)
		})
	}
}

// fakeSystemd makes systemd-run do that, and gives the directory by which systemd is known.
func fakeSystemd(t *testing.T, does string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "systemd-run"), []byte("#!/bin/sh\n"+does+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return dir
}

// free waits until the watcher ended.
func free(t *testing.T, s Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	lock, err := lockfile.Create(filepath.Join(s.Dir, "confirm.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := lockfile.Wait(ctx, lock, func() {}); err != nil {
		t.Error(err)
	}
}

func TestUnitArguments(t *testing.T) {
	got := strings.Join(Starter{Command: []string{"/usr/bin/dockwall", "await-confirm", "ABC"}}.unitArguments(&Pending{ID: "ABC"}), " ")
	for _, want := range []string{"--collect", "--unit=dockwall-confirm-abc", "-- /usr/bin/dockwall await-confirm ABC"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s has no %s", got, want)
		}
	}
}

func TestStartFails(t *testing.T) {
	s, p := pending(t, time.Hour)
	starter := Starter{Systemd: "/nowhere", Command: []string{"/nowhere/dockwall"}}
	if err := starter.Start(t.Context(), s, p); err == nil || !strings.Contains(err.Error(), "cannot be begun") {
		t.Errorf("no program: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	starter.Command = []string{"true"}
	if err := starter.Start(ctx, s, p); err == nil || !strings.Contains(err.Error(), "did not begin") {
		t.Errorf("a program that ends: %v", err)
	}
}
