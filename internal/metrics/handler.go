package metrics

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/prometheus/common/expfmt"
)

// Handler answers /metrics and /health.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", m.serveMetrics)
	mux.HandleFunc("GET /health", m.serveHealth)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "dockwall: /metrics is for Prometheus, /health says whether all is well")
	})
	return mux
}

// serveMetrics writes the format that the client asks for, uncompressed: it never leaves the machine.
func (m *Metrics) serveMetrics(w http.ResponseWriter, r *http.Request) {
	families, err := m.registry.Gather()
	if err != nil {
		m.options.Log.Error("the metrics are not whole", "error", err)
		http.Error(w, "the metrics are not whole: "+err.Error(), http.StatusInternalServerError)
		return
	}
	format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	w.Header().Set("Content-Type", string(format))
	encoder := expfmt.NewEncoder(w, format)
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return // who asked has gone
		}
	}
	if closer, ok := encoder.(expfmt.Closer); ok {
		_ = closer.Close() // the end mark of OpenMetrics
	}
}

// serveHealth answers 200 or 503, and why.
func (m *Metrics) serveHealth(w http.ResponseWriter, _ *http.Request) {
	h := m.Health()
	w.Header().Set("Content-Type", "application/json")
	if !h.Healthy {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(h) // an error is that who asked has gone
}
