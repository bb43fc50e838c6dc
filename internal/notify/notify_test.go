package notify

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// listen is a service manager's socket, and what it was told.
func listen(t *testing.T, address, name string) func() string {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", address)
	return func() string {
		t.Helper()
		buffer := make([]byte, 1000)
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		return string(buffer[:n])
	}
}

func TestTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	abstract := fmt.Sprintf("dockwall-notify-test-%d", os.Getpid())
	for address, name := range map[string]string{path: path, "@" + abstract: "\x00" + abstract} {
		told := listen(t, address, name)
		s := FromEnvironment()
		var got []string
		for _, send := range []func() error{s.Ready, s.Alive, func() error { return s.Status("two\nlines") }, s.Stopping} {
			if err := send(); err != nil {
				t.Fatal(err)
			}
			got = append(got, told())
		}
		if want := []string{"READY=1", "WATCHDOG=1", "STATUS=two lines", "STOPPING=1"}; !slices.Equal(got, want) {
			t.Errorf("%s was told %q, want %q", address, got, want)
		}
	}
}

func TestNobodyListens(t *testing.T) {
	if err := (Socket{}).Ready(); err != nil {
		t.Errorf("without a manager: %v", err)
	}
	if err := (Socket{filepath.Join(t.TempDir(), "none")}).Ready(); err == nil {
		t.Error("a socket that is not there is no error")
	}
}

func TestWatchdogInterval(t *testing.T) {
	for _, test := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"", "", 0},
		{"x", "", 0},
		{"-1", "", 0},
		{"60000000", "", time.Minute},
		{"60000000", strconv.Itoa(os.Getpid()), time.Minute},
		{"60000000", "1", 0},
	} {
		t.Setenv("WATCHDOG_USEC", test.usec)
		t.Setenv("WATCHDOG_PID", test.pid)
		if got := WatchdogInterval(); got != test.want {
			t.Errorf("WATCHDOG_USEC=%s WATCHDOG_PID=%s: %s, want %s", test.usec, test.pid, got, test.want)
		}
	}
}
