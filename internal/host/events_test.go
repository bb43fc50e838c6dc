package host

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// eventful is an engine that tells of some events and ends the stream.
func eventful(t *testing.T, stream string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/events") {
			fmt.Fprint(w, stream)
		}
	}))
	t.Cleanup(server.Close)
	return "tcp" + strings.TrimPrefix(server.URL, "http")
}

func TestWatch(t *testing.T) {
	address := eventful(t, `{"Type":"container","Action":"start","Actor":{"ID":"0123456789abcdef","Attributes":{"name":"web"}}}
{"Type":"network","Action":"connect","Actor":{"ID":"fedcba9876543210","Attributes":{"name":"a\u001bb"}}}
`)
	var told []string
	err := Watch(t.Context(), Options{DockerHost: address}, func(event string) { told = append(told, event) })
	want := []string{"the engine's events are followed", "container web: start", "network fedcba987654: connect"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	var none *NoEngineError
	if !errors.As(err, &none) || !strings.Contains(err.Error(), "the engine ended its stream of events") {
		t.Errorf("the error is %v", err)
	}
}

// Garbage in the stream ends it with an error, and the end of the context ends it at once.
func TestWatchEnds(t *testing.T) {
	err := Watch(t.Context(), Options{DockerHost: eventful(t, "garbage")}, func(string) {})
	var none *NoEngineError
	if !errors.As(err, &none) {
		t.Errorf("garbage: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = Watch(ctx, Options{DockerHost: eventful(t, "")}, func(string) { cancel() })
	if !errors.Is(err, context.Canceled) && !errors.As(err, &none) {
		t.Errorf("cancelled: %v", err)
	}
}
