package host

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeEngine answers as a recorded engine did, over a unix socket.
type fakeEngine struct {
	api      string                       // version in its answers' headers; "" sends none
	answers  map[string]any               // path without the version -> answer
	requests chan string                  // every path asked for, where not nil
	before   func(path string) (code int) // may refuse; 0: answer
}

// recordedEngine is the engine of a recording.
func recordedEngine(t *testing.T, name string) *fakeEngine {
	t.Helper()
	dir := filepath.Join("testdata", "hosts", name, "docker")
	e := &fakeEngine{answers: map[string]any{}}
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recording in %s: %v", dir, err)
	}
	for _, path := range paths {
		answer := decodeFile(t, path)
		e.answers[apiPath(filepath.Base(path), answer)] = answer
	}
	e.api = e.answers["/version"].(map[string]any)["ApiVersion"].(string)
	return e
}

// decodeFile keeps numbers as they are written: some are beyond what a float holds.
func decodeFile(t *testing.T, path string) any {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.UseNumber()
	var answer any
	if err := d.Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// apiPath is where the Engine API gives what a recorded file holds.
func apiPath(file string, answer any) string {
	switch {
	case strings.HasPrefix(file, "container-"):
		return "/containers/" + answer.(map[string]any)["Id"].(string) + "/json"
	case strings.HasPrefix(file, "network-"):
		return "/networks/" + answer.(map[string]any)["Id"].(string)
	case file == "containers.json":
		return "/containers/json"
	}
	return "/" + strings.TrimSuffix(file, ".json")
}

// object is an answer that is a JSON object, to be changed by a test.
func (e *fakeEngine) object(path string) map[string]any { return e.answers[path].(map[string]any) }

// containerNamed is the answer to inspecting a container.
func (e *fakeEngine) containerNamed(t *testing.T, name string) map[string]any {
	t.Helper()
	for path, answer := range e.answers {
		if c, ok := answer.(map[string]any); ok && strings.HasPrefix(path, "/containers/") && c["Name"] == "/"+name {
			return c
		}
	}
	t.Fatalf("the recording has no container %s", name)
	return nil
}

func (e *fakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if strings.HasPrefix(path, "/v1.") {
		_, path, _ = strings.Cut(path[1:], "/")
		path = "/" + path
	}
	if r.URL.RawQuery == "verbose=true" {
		path += "?verbose=true"
	}
	if e.requests != nil {
		e.requests <- r.URL.Path
	}
	w.Header().Set("Content-Type", "application/json")
	if e.api != "" {
		w.Header().Set("Api-Version", e.api)
	}
	if e.before != nil {
		if code := e.before(path); code != 0 {
			w.WriteHeader(code)
			_ = json.NewEncoder(w).Encode(map[string]string{"message": http.StatusText(code)})
			return
		}
	}
	answer, ok := e.answers[path]
	if !ok && path != "/_ping" {
		w.WriteHeader(http.StatusNotFound)
		answer = map[string]string{"message": "page not found"}
	}
	_ = json.NewEncoder(w).Encode(answer)
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
