// Package notify tells systemd how a service of Type=notify is: the protocol of sd_notify(3), over the socket that
// $NOTIFY_SOCKET names. Without that variable nobody asked, and nothing is sent.
package notify

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Socket is where a service manager listens. The zero Socket is none.
type Socket struct{ address string }

// FromEnvironment is the socket of the manager that started this process.
func FromEnvironment() Socket { return Socket{os.Getenv("NOTIFY_SOCKET")} }

// Ready says that the service does its work.
func (s Socket) Ready() error { return s.send("READY=1") }

// Stopping says that the service ends because it was asked to.
func (s Socket) Stopping() error { return s.send("STOPPING=1") }

// Alive is what the watchdog waits for.
func (s Socket) Alive() error { return s.send("WATCHDOG=1") }

// Status is one line for people, as `systemctl status` shows it.
func (s Socket) Status(text string) error {
	return s.send("STATUS=" + strings.Join(strings.Fields(text), " ")) // a newline would begin another assignment
}

func (s Socket) send(state string) error {
	if s.address == "" {
		return nil
	}
	name := s.address
	if strings.HasPrefix(name, "@") {
		name = "\x00" + name[1:] // an abstract socket
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("the service manager cannot be told %q: %w", state, err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("the service manager cannot be told %q: %w", state, err)
	}
	return nil
}

// WatchdogInterval is how long the manager waits for Alive before it restarts this process; 0: for ever.
func WatchdogInterval() time.Duration {
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0 // another process is meant
	}
	microseconds, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || microseconds < 0 {
		return 0
	}
	return time.Duration(microseconds) * time.Microsecond
}
