package host

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host/hosttest"
)

// fakeEngine answers as a recorded engine did, over a unix socket.
type fakeEngine struct {
	*hosttest.Engine
	requests chan string                  // every path asked for, where not nil
	before   func(path string) (code int) // may refuse; 0: answer
}

// recordedEngine is the engine of a recording.
func recordedEngine(t *testing.T, name string) *fakeEngine {
	t.Helper()
	e, err := hosttest.Recorded(filepath.Join("testdata", "hosts", name, "docker"))
	if err != nil {
		t.Fatal(err)
	}
	return &fakeEngine{Engine: e}
}

// object is an answer that is a JSON object, to be changed by a test.
func (e *fakeEngine) object(path string) map[string]any { return e.Answers[path].(map[string]any) }

// listed is the entry of a list with that ID, to be changed by a test.
func (e *fakeEngine) listed(t *testing.T, path, id string) map[string]any {
	t.Helper()
	for _, item := range e.Answers[path].([]any) {
		if entry := item.(map[string]any); entry["Id"] == id {
			return entry
		}
	}
	t.Fatalf("%s lists no %s", path, id)
	return nil
}

// containerNamed is the answer to inspecting a container.
func (e *fakeEngine) containerNamed(t *testing.T, name string) map[string]any {
	t.Helper()
	for path, answer := range e.Answers {
		if c, ok := answer.(map[string]any); ok && strings.HasPrefix(path, "/containers/") && c["Name"] == "/"+name {
			return c
		}
	}
	t.Fatalf("the recording has no container %s", name)
	return nil
}

func (e *fakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.requests != nil {
		e.requests <- r.URL.Path
	}
	if e.before != nil {
		if code := e.before(hosttest.Path(r)); code != 0 {
			w.Header().Set("Api-Version", e.API)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			_ = json.NewEncoder(w).Encode(map[string]string{"message": http.StatusText(code)})
			return
		}
	}
	e.Engine.ServeHTTP(w, r)
}

// start serves the engine until the test ends, and gives its address for Options.DockerHost.
func (e *fakeEngine) start(t *testing.T) string {
	t.Helper()
	path, listener := listenUnix(t)
	server := &http.Server{Handler: e}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	return "unix://" + path
}

// listenUnix listens at a path that is short enough for a socket's.
func listenUnix(t *testing.T) (string, net.Listener) {
	t.Helper()
	dir, err := os.MkdirTemp("", "dw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "docker.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return path, listener
}
