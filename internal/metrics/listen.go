package metrics

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// socketMode: root, and whoever root gives the socket's group to.
const socketMode = 0o660

// answerTimeout is how long a living process may take to accept a connection.
const answerTimeout = time.Second

// ListenSocket makes the unix socket. One that a guard left behind when it was killed is replaced; one that a living process
// answers is not, and neither is a file that is no socket. Closing the listener removes the socket.
func ListenSocket(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("the directory of the metrics' socket cannot be made (choose another with --metrics-socket): %w", err)
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("the metrics' socket cannot be made (choose another with --metrics-socket): %w", err)
	}
	if err := os.Chmod(path, socketMode); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("the metrics' socket cannot be opened for its group: %w", err)
	}
	return l, nil
}

// removeStale removes a socket that nobody answers.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the metrics' socket cannot be looked at: %w", err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is no socket, and stays: choose another path with --metrics-socket", path)
	}
	conn, err := net.DialTimeout("unix", path, answerTimeout)
	if err == nil {
		_ = conn.Close()
		return fmt.Errorf("another process answers at %s, and keeps it: choose another path with --metrics-socket", path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("nobody knows whether a living process has %s, and it stays: %w", path, err)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("the socket that an earlier guard left behind cannot be removed: %w", err)
	}
	return nil
}

// CheckLoopback refuses addresses that others could reach, and names, which may come to mean other addresses.
func CheckLoopback(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("--metrics-listen %s: give an address and a port, such as 127.0.0.1:9577 or [::1]:9577", address)
	}
	if !at.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("--metrics-listen %s is not a loopback address. The metrics tell the whole policy and ask for no "+
			"password, so that only this machine may see them. Listen on 127.0.0.1:%d, and let something that asks for "+
			"credentials carry them further: docs/monitoring.md says how", address, at.Port())
	}
	return nil
}

// ListenLoopback opens a port of a loopback address.
func ListenLoopback(address string) (net.Listener, error) {
	if err := CheckLoopback(address); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the metrics' port cannot be opened (choose another with --metrics-listen): %w", err)
	}
	return l, nil
}
