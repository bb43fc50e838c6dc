// Package hosttest is a Docker engine for tests: it answers as a recorded one did, over HTTP.
package hosttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// Engine answers GET requests of the Engine API. Its fields may be changed before it serves.
type Engine struct {
	API     string         // version in its answers' headers; "" sends none
	Answers map[string]any // path without the version -> answer
}

// Recorded is the engine of a recording: dir has version.json, info.json, networks.json, containers.json, and each
// network and container inspected.
func Recorded(dir string) (*Engine, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("there is no recording in %s: %w", dir, err)
	}
	e := &Engine{Answers: map[string]any{}}
	for _, path := range paths {
		answer, err := decodeFile(path)
		if err != nil {
			return nil, err
		}
		e.Answers[apiPath(filepath.Base(path), answer)] = answer
	}
	version, _ := e.Answers["/version"].(map[string]any)
	e.API, _ = version["ApiVersion"].(string)
	return e, nil
}

// decodeFile keeps numbers as they are written: some are beyond what a float holds.
func decodeFile(path string) (answer any, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.UseNumber()
	if err := d.Decode(&answer); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return answer, nil
}

// apiPath is where the Engine API gives what a recorded file holds.
func apiPath(file string, answer any) string {
	inspected, _ := answer.(map[string]any)
	switch {
	case strings.HasPrefix(file, "container-"):
		return fmt.Sprintf("/containers/%v/json", inspected["Id"])
	case strings.HasPrefix(file, "network-"):
		return fmt.Sprintf("/networks/%v", inspected["Id"])
	case file == "containers.json":
		return "/containers/json"
	}
	return "/" + strings.TrimSuffix(file, ".json")
}

// Path is the path of a request without the API's version.
func Path(r *http.Request) string {
	if rest, ok := strings.CutPrefix(r.URL.Path, "/v1."); ok {
		_, path, _ := strings.Cut(rest, "/")
		return "/" + path
	}
	return r.URL.Path
}

func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := Path(r)
	if r.URL.RawQuery == "verbose=true" {
		path += "?verbose=true"
	}
	w.Header().Set("Content-Type", "application/json")
	if e.API != "" {
		w.Header().Set("Api-Version", e.API)
	}
	if path == "/events" {
		noEvents(w, r)
		return
	}
	answer, ok := e.Answers[path]
	if !ok && path != "/_ping" {
		w.WriteHeader(http.StatusNotFound)
		answer = map[string]string{"message": "page not found"}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// noEvents is a stream in which nothing happens until the client leaves.
func noEvents(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusOK)
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
	<-r.Context().Done()
}
