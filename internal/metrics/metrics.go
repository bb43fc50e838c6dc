// Package metrics shows the guard from outside: Prometheus' metrics and a health answer, over HTTP on a unix socket and
// on a loopback port.
//
// Invariants. The guard only leaves notes here, and never waits: what costs anything is done when somebody asks, and
// nobody who asks often can make the kernel be read more than once a second. What is in force and what rules have counted
// is read from the kernel, and never remembered from what the guard believes. The number of series has a bound that does
// not depend on the policy. Nothing that goes wrong here stops the guard. There is no global registry: every Metrics has
// its own.
package metrics

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/dockwall/dockwall/internal/enforce"
)

// Options say what is shown. All but Now are needed.
type Options struct {
	Version string
	InForce func(context.Context) ([]enforce.Holding, error) // reads the kernel, as *enforce.Enforcer does
	Log     *slog.Logger
	Limits  Limits
	Now     func() time.Time // nil: time.Now
}

// Limits are how long something may go on before it is no longer healthy.
type Limits struct {
	EngineGone time.Duration // Docker does not answer
	Round      time.Duration // one round
	Quiet      time.Duration // without any round
}

// DefaultLimits: an engine's upgrade takes a minute, the watchdog ends a round after two, and without a reason there is
// one every five.
var DefaultLimits = Limits{EngineGone: 5 * time.Minute, Round: 2 * time.Minute, Quiet: 7 * time.Minute}

// Metrics is a guard.Observer, and an http.Handler by Handler.
type Metrics struct {
	options  Options
	registry *prometheus.Registry
	kernel   *kernel
	*instruments

	mu    sync.Mutex
	notes notes
}

// New makes the metrics of one guard.
func New(o Options) *Metrics {
	if o.Now == nil {
		o.Now = time.Now
	}
	m := &Metrics{options: o, registry: prometheus.NewRegistry(), instruments: newInstruments()}
	m.kernel = &kernel{read: o.InForce, now: o.Now, policy: m.policy, failed: func() { m.errors.WithLabelValues(kindReading).Inc() }}
	m.notes.started = o.Now()
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(m.instruments.all()...)
	m.registry.MustRegister(kernelCollector{m.kernel})
	m.build.WithLabelValues(o.Version, runtime.Version()).Set(1)
	return m
}
