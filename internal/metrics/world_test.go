package metrics

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/guard"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// world is a guard's surroundings, in memory: its kernel, its clock, and the plan that is in force.
type world struct {
	*Metrics
	now   time.Time
	lines []backend.Line // nil: nothing is in force
	err   error          // of reading the kernel
	reads int
	plan  *enforce.Plan
}

// named is a backend that has a name and nothing else.
type named struct {
	backend.Backend
	name string
}

func (n named) Name() string { return n.name }

const worldPolicy = `version: 1
sets: {office: [192.168.0.0/24, 10.0.0.0/8]}
ingress:
  - allow 8123/tcp from office
  - deny 6379/tcp from any
`

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Unix(1_000_000, 0)}
	w.Metrics = New(Options{Version: "1.2", InForce: w.inForce, Log: slog.New(slog.DiscardHandler), Limits: DefaultLimits,
		Now: func() time.Time { return w.now }})
	p, problems := policy.LoadSources([]policy.Source{{Path: "policy.yaml", Text: worldPolicy}})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	h, err := host.LoadRecording("../host/testdata/hosts/docker-20.10-iptables")
	if err != nil {
		t.Fatal(err)
	}
	g, err := gate.Compile(p, h)
	if err != nil {
		t.Fatal(err)
	}
	w.plan = &enforce.Plan{Prepared: &enforce.Prepared{Policy: p, Host: h, Gate: g}}
	for _, r := range p.Ingress {
		w.lines = append(w.lines, backend.Line{Family: 4, Way: backend.Ingress, Action: r.Action, Rule: gate.NewRuleRef(r),
			Packets: 3, Bytes: 180})
	}
	w.lines = append(w.lines, backend.Line{Family: 4, Way: backend.Ingress, Action: policy.Deny, Default: true, Packets: 7, Bytes: 420})
	return w
}

func (w *world) inForce(context.Context) ([]enforce.Holding, error) {
	w.reads++
	if w.err != nil || w.lines == nil {
		return nil, w.err
	}
	return []enforce.Holding{{Backend: named{name: enforce.NFTables}, Installed: &backend.Installed{Lines: w.lines}}}, nil
}

// round lets a round end now, as one that put the plan in force; change says how it was otherwise.
func (w *world) round(change func(*guard.Report)) {
	r := guard.Report{Began: w.now.Add(-8 * time.Millisecond), Ended: w.now, EngineAsked: true, Plan: w.plan}
	if change != nil {
		change(&r)
	}
	w.RoundBegins(r.Began)
	w.RoundEnds(r)
}

// later lets time pass.
func (w *world) later(d time.Duration) { w.now = w.now.Add(d) }

var errTest = errors.New("a reason")
