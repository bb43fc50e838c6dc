package metrics

import (
	"context"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shortDir is a directory whose path leaves room for a socket's.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "dw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func wantError(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("the error is %v, want %q", err, text)
	}
}

func TestListenSocket(t *testing.T) {
	path := filepath.Join(shortDir(t), "run", "metrics.sock")
	l, err := ListenSocket(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != fs.ModeSocket|socketMode {
		t.Errorf("the socket is %v (%v)", info.Mode(), err)
	}
	_, err = ListenSocket(path)
	wantError(t, err, "another process answers at "+path)
	l.(*net.UnixListener).SetUnlinkOnClose(false) // as SIGKILL does
	l.Close()
	l, err = ListenSocket(path)
	if err != nil {
		t.Fatalf("a stale socket: %v", err)
	}
	l.Close()
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket is still there")
	}
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = ListenSocket(path)
	wantError(t, err, "is no socket, and stays")
	_, err = ListenSocket(filepath.Join(path, "below", "metrics.sock"))
	wantError(t, err, "choose another with --metrics-socket")
	_, err = ListenSocket(filepath.Join(filepath.Dir(path), strings.Repeat("x", 120)))
	wantError(t, err, "choose another with --metrics-socket")
}

func TestCheckLoopback(t *testing.T) {
	for _, address := range []string{"127.0.0.1:9577", "127.8.8.8:1", "[::1]:9577", "[::ffff:127.0.0.1]:1"} {
		if err := CheckLoopback(address); err != nil {
			t.Error(err)
		}
	}
	for _, address := range []string{"0.0.0.0:9577", "[::]:9577", "192.168.0.1:9577", "[2001:db8::1]:1", "[::ffff:10.0.0.1]:1"} {
		wantError(t, CheckLoopback(address), "is not a loopback address")
	}
	for _, address := range []string{"", ":9577", "localhost:9577", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000"} {
		wantError(t, CheckLoopback(address), "give an address and a port")
	}
	_, err := ListenLoopback("0.0.0.0:0")
	wantError(t, err, "is not a loopback address")
}

// A server answers on all its listeners, and its end takes them away.
func TestServer(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(shortDir(t), "metrics.sock")
	socket, err := ListenSocket(path)
	if err != nil {
		t.Fatal(err)
	}
	port, err := ListenLoopback("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, err = ListenLoopback(port.Addr().String())
	wantError(t, err, "choose another with --metrics-listen")
	s := w.NewServer()
	s.Serve(socket)
	s.Serve(port)
	for _, network := range []net.Addr{socket.Addr(), port.Addr()} {
		if text := get(t, network); !strings.Contains(text, "\ndockwall_build_info{") {
			t.Errorf("%s answers %q", network, text)
		}
	}
	s.Close()
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket is still there")
	}
	if conn, err := net.Dial("tcp", port.Addr().String()); err == nil {
		conn.Close()
		t.Error("the port still answers")
	}
}

func get(t *testing.T, at net.Addr) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, at.Network(), at.String())
		}}}
	answer, err := client.Get("http://dockwall/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
