package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// answered waits until a server on a unix socket gives an answer with a code, that a pattern fits:
// answered SOCKET PATH CODE PATTERN
func answered(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 4 {
		ts.Fatalf("usage: answered SOCKET PATH CODE PATTERN")
	}
	socket, code, pattern := ts.MkAbs(args[0]), atoi(ts, args[2]), regexp.MustCompile(args[3])
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}}}
	said := ""
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		got := 0
		got, said = ask(client, "http://dockwall"+args[1])
		if got == code && pattern.MatchString(said) {
			ts.Logf("%s: %d %s", args[1], got, pattern.FindString(said))
			return
		}
	}
	ts.Fatalf("%s was never answered with %d and %q; the last answer was:\n%s", args[1], code, args[3], said)
}

// ask is the answer's code and text; 0: there was none, and why.
func ask(client *http.Client, url string) (code int, text string) {
	answer, err := client.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(body)
}

// mode checks what a file is, its permissions, and that root owns it: mode FILE Srw-rw----
func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	stat := info.Sys().(*syscall.Stat_t)
	if got := info.Mode().String(); got != args[1] || stat.Uid != 0 || stat.Gid != 0 {
		ts.Fatalf("%s is %s of %d:%d, want %s of 0:0", args[0], got, stat.Uid, stat.Gid, args[1])
	}
}

// occupy makes a socket that this process answers, or with ! one that nobody answers any more: [!] occupy SOCKET
func occupy(ts *testscript.TestScript, negated bool, args []string) {
	path := ts.MkAbs(args[0])
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	ts.Check(err)
	l.SetUnlinkOnClose(false)
	if negated {
		ts.Check(l.Close())
		return
	}
	ts.Defer(func() { _ = l.Close() })
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "I live in "+filepath.Base(path))
	})}
	go func() { _ = server.Serve(l) }()
}
