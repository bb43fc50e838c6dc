package host

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/host/hosttest"
)

// noEngineAt collects from an address where there is no engine: a Host comes all the same, with the reason.
func noEngineAt(t *testing.T, ctx context.Context, dockerHost string) string {
	t.Helper()
	h, err := Collect(ctx, Options{DockerHost: dockerHost})
	var noEngine *NoEngineError
	if !errors.As(err, &noEngine) {
		t.Fatalf("Collect: %v, want a *NoEngineError", err)
	}
	if h == nil || h.Engine != nil || len(h.Interfaces) == 0 || len(h.Containers) != 0 {
		t.Errorf("Collect without an engine gave %+v, want a Host with interfaces and without containers", h)
	}
	if noEngine.DockerHost != dockerHost || !strings.Contains(err.Error(), dockerHost) {
		t.Errorf("%q does not name the address %s", err, dockerHost)
	}
	return noEngine.Reason
}

func wantReason(t *testing.T, reason string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(reason, word) {
			t.Errorf("the reason is %q, want it to say %q", reason, word)
		}
	}
}

func TestCollectNoSocket(t *testing.T) {
	reason := noEngineAt(t, t.Context(), "unix://"+filepath.Join(t.TempDir(), "none.sock"))
	wantReason(t, reason, "no such socket", "systemctl start docker")
}

func TestCollectNobodyListens(t *testing.T) {
	path, listener := listenUnix(t)
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	listener.Close()
	wantReason(t, noEngineAt(t, t.Context(), "unix://"+path), "nobody listens")
}

func TestCollectBadAddress(t *testing.T) {
	bad := []string{"ssh://root@example.com", "/var/run/docker.sock", "unix://", "npipe:////./pipe/docker"}
	for _, address := range bad {
		wantReason(t, noEngineAt(t, t.Context(), address), "unix:// or tcp://", "--docker-host")
	}
}

// Root may connect to any socket, so the thread that tries is nobody's as far as files go, and ends with the test.
func TestCollectPermissionDenied(t *testing.T) {
	path, _ := listenUnix(t)
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if os.Getuid() == 0 {
			unix.RawSyscall(unix.SYS_SETFSUID, 65534, 0, 0)
		} else if err := os.Chmod(path, 0); err != nil {
			done <- err
			return
		}
		done <- dialEngine(t.Context(), "unix://"+path)
	}()
	reason := noEngine("unix://"+path, <-done).Reason
	wantReason(t, reason, "permission denied", "as root")
}

func TestCollectNotDocker(t *testing.T) {
	reason := noEngineAt(t, t.Context(), (&fakeEngine{Engine: &hosttest.Engine{}}).start(t))
	wantReason(t, reason, "not a Docker engine")
}

func TestCollectNotHTTP(t *testing.T) {
	path, listener := listenUnix(t)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = conn.Write([]byte("SSH-2.0-OpenSSH_9.2\r\n"))
			}
			conn.Close()
		}
	}()
	wantReason(t, noEngineAt(t, t.Context(), "unix://"+path), "not a Docker engine")
}

func TestCollectEngineTooOld(t *testing.T) {
	for _, api := range []string{"1.39", "1.40"} {
		e := recordedEngine(t, "docker-20.10-iptables")
		e.API = api
		wantReason(t, noEngineAt(t, t.Context(), e.start(t)), "Engine API "+api, "1.41", "Docker 20.10")
	}
}

// An engine that takes connections and says nothing is given up when the caller's time is over.
func TestCollectEngineHangs(t *testing.T) {
	path, _ := listenUnix(t) // the kernel accepts for it
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	wantReason(t, noEngineAt(t, ctx, "unix://"+path), "did not answer in time")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	wantReason(t, noEngineAt(t, cancelled, "unix://"+path), "not waited for")
}

// An engine that hangs or breaks in the middle is no engine to go by.
func TestCollectEngineBreaks(t *testing.T) {
	for path, words := range map[string]string{
		"/info":            "about itself",
		"/networks":        "for its networks",
		"/containers/json": "for its containers",
		"inspect":          "for its containers",
	} {
		e := recordedEngine(t, "docker-28.5-iptables")
		if path == "inspect" {
			path = "/containers/" + e.containerNamed(t, "redis")["Id"].(string) + "/json"
		}
		e.before = func(asked string) int {
			if asked == path {
				return http.StatusInternalServerError
			}
			return 0
		}
		wantReason(t, noEngineAt(t, t.Context(), e.start(t)), words)
	}
}

// Nonsense in an answer is an error, never a panic or a half-empty Host.
func TestCollectNonsense(t *testing.T) {
	for _, path := range []string{"/info", "/networks", "/containers/json"} {
		e := recordedEngine(t, "docker-28.5-iptables")
		e.Answers[path] = "nonsense"
		wantReason(t, noEngineAt(t, t.Context(), e.start(t)), "asking the engine")
	}
}
