package metrics

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/guard"
)

// reasons are the health answer's: "docker: Docker does not answer …".
func (w *world) reasons(t *testing.T) string {
	t.Helper()
	w.later(2 * freshness)
	answer := httptest.NewRecorder()
	w.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/health", nil))
	var h Health
	if err := json.Unmarshal(answer.Body.Bytes(), &h); err != nil {
		t.Fatal(err)
	}
	want := http.StatusOK
	if len(h.Reasons) > 0 {
		want = http.StatusServiceUnavailable
	}
	if answer.Code != want || h.Healthy != (want == http.StatusOK) || h.InForce == nil || h.Reasons == nil {
		t.Errorf("answered %d, want %d: %s", answer.Code, want, answer.Body)
	}
	text := ""
	for _, r := range h.Reasons {
		text += r.Kind + ": " + r.Text + "\n"
	}
	return text
}

func (w *world) wantReasons(t *testing.T, beginnings ...string) {
	t.Helper()
	got := w.reasons(t)
	if strings.Count(got, "\n") != len(beginnings) {
		t.Errorf("the reasons are %q, want %q", got, beginnings)
	}
	for _, want := range beginnings {
		if !strings.Contains("\n"+got, "\n"+want) {
			t.Errorf("the reasons are %q, without %q", got, want)
		}
	}
}

func TestHealth(t *testing.T) {
	w := newWorld(t)
	w.wantReasons(t) // it has just begun, and what was restored is in force
	w.round(nil)
	w.wantReasons(t)

	w.round(func(r *guard.Report) { r.PolicyError, r.LastGood = errTest, true })
	w.wantReasons(t, "policy: a reason")
	w.round(func(r *guard.Report) { r.Err, r.Plan = errTest, nil })
	w.wantReasons(t, "round: a reason")
	w.round(func(r *guard.Report) {
		r.PolicyError, r.Err, r.Plan = errTest, fmt.Errorf("the policy stays: %w", errTest), nil
	})
	w.wantReasons(t, "policy: a reason")

	w.lines = nil
	w.round(nil)
	w.wantReasons(t, "gate: nothing is in force: every published port is as open as Docker makes it")
	w.round(func(r *guard.Report) { r.Plan, r.Resting = nil, true })
	w.wantReasons(t, "gate: nothing is in force since `dockwall reset`")
	w.err = errTest
	w.wantReasons(t, "gate: what is in force cannot be read: a reason")
}

// Docker may be away for a while: upgrades take a minute.
func TestHealthWithoutDocker(t *testing.T) {
	w := newWorld(t)
	gone := func(r *guard.Report) { r.EngineError = errTest }
	w.round(gone)
	w.wantReasons(t)
	w.later(w.options.Limits.EngineGone - time.Minute)
	w.round(gone)
	w.wantReasons(t)
	w.later(2 * time.Minute)
	w.round(gone)
	w.wantReasons(t, "docker: Docker does not answer for ")
	w.round(func(r *guard.Report) { r.EngineAsked = false })
	w.wantReasons(t, "docker: ")
	w.round(nil)
	w.wantReasons(t)
}

// A round that hangs is told, and so are rounds that do not come.
func TestHealthOfTheLoop(t *testing.T) {
	w := newWorld(t)
	w.round(nil)
	w.RoundBegins(w.now)
	w.later(w.options.Limits.Round + time.Second)
	w.wantReasons(t, "loop: a round of the guard hangs for ")
	w.round(nil)
	w.wantReasons(t)
	w.later(w.options.Limits.Quiet)
	w.wantReasons(t, "loop: the guard has not looked for ")
	never := newWorld(t)
	never.later(never.options.Limits.Quiet)
	never.wantReasons(t, "loop: the guard has not looked for ")
}

func TestHandler(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]int{"/": 200, "/metrics": 200, "/health": 200, "/other": 404} {
		answer := httptest.NewRecorder()
		w.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		if answer.Code != want {
			t.Errorf("%s: %d, want %d", path, answer.Code, want)
		}
	}
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	answer := httptest.NewRecorder()
	w.Handler().ServeHTTP(answer, request)
	if !strings.HasSuffix(answer.Body.String(), "\n# EOF\n") {
		t.Error("OpenMetrics without its end")
	}
	answer = httptest.NewRecorder()
	w.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/metrics", nil))
	if answer.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", answer.Code)
	}
}
