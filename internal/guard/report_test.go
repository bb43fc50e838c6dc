package guard

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
)

// world is what a guard keeps, in memory: the host, the kernel, and what it reports of its rounds.
type world struct {
	*Guard
	t         *testing.T
	host      *host.Host
	engine    error // of asking the host
	installed *gate.Gate
	rehearsed *gate.Gate
	refuse    error // of the kernel
	begun     int
	reports   []Report
	during    func() // what happens while a round looks at the host; nil: nothing
}

func newWorld(t *testing.T) *world {
	t.Helper()
	h, err := host.LoadRecording("../host/testdata/hosts/docker-20.10-iptables")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, host: h}
	e := &enforce.Enforcer{Machine: w, PolicyPath: filepath.Join(t.TempDir(), "policy.yaml"), StateDir: t.TempDir(),
		Backend: enforce.NFTables, Notice: func(string) {}}
	w.Guard = &Guard{Enforcer: e, Look: w, Log: slog.New(slog.DiscardHandler), Pace: DefaultPace, Observer: w}
	w.write("ingress: [allow 8123/tcp from any]")
	return w
}

func (w *world) write(policy string) {
	w.t.Helper()
	if err := os.WriteFile(w.Enforcer.PolicyPath, []byte("version: 1\n"+policy+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// next is the report of one more round.
func (w *world) next(causes ...Cause) Report {
	w.t.Helper()
	before := len(w.reports)
	if len(causes) == 0 {
		causes = []Cause{{time.Now(), Resync}}
	}
	err := w.reported(w.t.Context(), causes)
	if len(w.reports) != before+1 || w.begun != len(w.reports) {
		w.t.Fatalf("%d rounds began and %d ended", w.begun, len(w.reports))
	}
	r := w.reports[before]
	if !errors.Is(r.Err, err) || r.Ended.Before(r.Began) || r.Began.IsZero() {
		w.t.Errorf("the round failed with %v, and the report is %+v", err, r)
	}
	return r
}

// It is the guard's Observer, its Looker, the machine, the machine's only backend, and its signpost.
func (w *world) RoundBegins(time.Time) { w.begun++ }
func (w *world) RoundEnds(r Report)    { w.reports = append(w.reports, r) }
func (w *world) Collect(context.Context) (*host.Host, error) {
	if w.during != nil {
		w.during()
	}
	return w.host, w.engine
}
func (w *world) Forget()                                                         {}
func (w *world) Host(context.Context) (*host.Host, error)                        { return w.host, w.engine }
func (w *world) Capture(context.Context, *host.Host) (*netfilter.Machine, error) { return nil, errTest }
func (w *world) HasNFTables(context.Context) bool                                { return true }
func (w *world) Backends(*host.Host) []backend.Backend                           { return []backend.Backend{memory{w}} }
func (w *world) Signpost() enforce.Signpost                                      { return signpost{} }

type signpost struct{}

func (signpost) Install(context.Context, *host.Host) error { return nil }
func (signpost) Remove(context.Context) error              { return nil }

// memory is a backend whose kernel is in memory.
type memory struct{ *world }

func (b memory) Name() string                                     { return enforce.NFTables }
func (b memory) Render(g *gate.Gate, _ time.Time) (string, error) { return g.Hash(), nil }

func (b memory) Read(context.Context) (*backend.Installed, error) {
	if b.installed == nil {
		return nil, nil
	}
	return &backend.Installed{Since: time.Unix(1, 0), Raw: b.installed}, nil
}

func (b memory) Change(g *gate.Gate, installed *backend.Installed) (backend.Change, error) {
	if installed != nil && installed.Raw.(*gate.Gate).Hash() == g.Hash() {
		return backend.Change{}, nil
	}
	return backend.Change{Text: g.Hash(), Summary: "some rules"}, nil
}

func (b memory) Rehearse(_ context.Context, g *gate.Gate) error {
	b.rehearsed = g
	return nil
}

func (b memory) Apply(context.Context, backend.Change) error {
	if b.refuse == nil {
		b.installed = b.rehearsed
	}
	return b.refuse
}

func (b memory) Restore(context.Context, string) error { return errTest }
func (b memory) Remove(context.Context) error          { b.installed = nil; return nil }

var errTest = errors.New("a reason")

// What a round puts in force is reported with when it was asked for; one that has nothing to do reports that, too.
func TestReportEnforced(t *testing.T) {
	w := newWorld(t)
	r := w.next(Cause{time.Now(), Start})
	if r.Plan == nil || r.Enforced.IsZero() || !r.Noticed.IsZero() || r.Drift || r.PolicyError != nil || !r.EngineAsked {
		t.Errorf("the first round: %+v", r)
	}
	if r = w.next(); r.Plan == nil || !r.Enforced.IsZero() || r.Drift {
		t.Errorf("nothing to do: %+v", r)
	}
	w.write("ingress: [allow 8123/tcp from any, allow 6379/tcp from any]")
	noticed := time.Now().Add(-time.Second)
	r = w.next(Cause{time.Now(), Resync}, Cause{noticed.Add(time.Millisecond), "web: start"}, Cause{noticed, "a file"})
	if !r.Noticed.Equal(noticed) || r.Enforced.Before(r.Began) || r.Drift {
		t.Errorf("the policy changed: %+v", r)
	}
	if w.report.Plan != nil {
		t.Error("the guard keeps the plan")
	}
}

// An event that a failed round could not answer is answered by the one that succeeds, and waited for as long.
func TestReportWaiting(t *testing.T) {
	w := newWorld(t)
	w.refuse = &backend.RefusedError{Tool: "nft"}
	noticed := time.Now()
	if r := w.next(Cause{noticed, "web: start"}); r.Err == nil || r.Plan != nil || r.Trouble == nil {
		t.Errorf("refused: %+v", r)
	}
	w.refuse = nil
	if r := w.next(Cause{time.Now(), Retry}); !r.Noticed.Equal(noticed) {
		t.Errorf("noticed at %v, want %v", r.Noticed, noticed)
	}
	w.installed = nil
	if r := w.next(Cause{time.Now(), Retry}); !r.Noticed.IsZero() {
		t.Errorf("an event was answered twice: %+v", r)
	}
}

// What somebody else did to what the guard left is drift, whether it can be repaired or not.
func TestReportDrift(t *testing.T) {
	w := newWorld(t)
	w.next()
	w.installed = nil
	w.refuse = errTest
	if r := w.next(); !r.Drift || r.Plan != nil {
		t.Errorf("drift that cannot be repaired: %+v", r)
	}
	w.refuse = nil
	if r := w.next(); !r.Drift || r.Plan == nil {
		t.Errorf("drift that is repaired: %+v", r)
	}
	if r := w.next(); r.Drift {
		t.Errorf("no drift: %+v", r)
	}
	w.write("ingress: [allow 6379/tcp from any]")
	w.refuse = errTest
	if r := w.next(); r.Drift {
		t.Errorf("a new policy is no drift: %+v", r)
	}
}

// Files that are wrong, and Docker that is away, are told apart from what is in force all the same.
func TestReportTrouble(t *testing.T) {
	w := newWorld(t)
	if err := os.Remove(w.Enforcer.PolicyPath); err != nil {
		t.Fatal(err)
	}
	if r := w.next(); r.PolicyError == nil || r.LastGood || r.EngineAsked || r.Plan != nil {
		t.Errorf("no policy: %+v", r)
	}
	w.write("ingress: [allow 8123/tcp from any]")
	w.next()
	for _, wrong := range []string{"ingress: [alow]", "tests: [198.51.100.7 can reach 6379/tcp]"} {
		w.write(wrong)
		if r := w.next(); r.PolicyError == nil || !r.LastGood || r.Plan == nil || r.Err != nil {
			t.Errorf("%s: %+v", wrong, r)
		}
	}
	w.engine = &host.NoEngineError{DockerHost: "unix:///x", Reason: "nobody answers"}
	if r := w.next(); r.EngineError == nil || !r.LastGood || r.Plan == nil || r.Err != nil {
		t.Errorf("Docker is away: %+v", r)
	}
	w.engine = nil
	w.write("ingress: [allow 8123/tcp from any]")
	if r := w.next(); r.EngineError != nil || r.PolicyError != nil || r.LastGood || r.Trouble != nil {
		t.Errorf("all is well again: %+v", r)
	}
}

func TestReportReset(t *testing.T) {
	w := newWorld(t)
	w.next()
	if _, err := w.Enforcer.Reset(t.Context(), func([]enforce.Holding) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if r := w.next(); !r.Resting || r.Plan != nil || r.Err != nil {
		t.Errorf("after a reset: %+v", r)
	}
}

// A round that the guard's end interrupts says nothing, because nothing went wrong.
func TestReportInterrupted(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = w.reported(ctx, []Cause{{time.Now(), Start}})
	if len(w.reports) != 0 {
		t.Errorf("reported %+v", w.reports)
	}
}

func TestFirstEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		own := []Cause{{now, Start}, {now, Resync}, {now, Retry}}
		if got := firstEvent(own); !got.IsZero() {
			t.Errorf("the guard's own wishes are events of %v", got)
		}
		if got := firstEvent(append(own, Cause{now.Add(2), "b"}, Cause{now.Add(1), "a"})); !got.Equal(now.Add(1)) {
			t.Errorf("the first event is of %v", got)
		}
	})
}

// A history that cannot be written is told, and keeps no rule from being put in force nor the next repair waiting. As soon
// as it can be, what is in force comes into it, though nothing changes any more.
func TestReportUnnoted(t *testing.T) {
	w := newWorld(t)
	history := w.Enforcer.History()
	if err := os.WriteFile(history.Dir, nil, 0o600); err != nil { // as a full disk, for root too
		t.Fatal(err)
	}
	for range 2 {
		if r := w.next(); r.Plan == nil || r.Err != nil || r.Trouble == nil || w.installed == nil {
			t.Errorf("without a history: %+v", r)
		}
	}
	if err := os.Remove(history.Dir); err != nil {
		t.Fatal(err)
	}
	if r := w.next(); r.Trouble != nil || r.Err != nil {
		t.Errorf("the history can be written again: %+v", r)
	}
	if last, err := history.Last(); last == nil || last.Empty() {
		t.Errorf("the history has %+v, %v", last, err)
	}
}

// What an apply puts in force while a round is under way is not replaced by what the round had read before.
func TestChangedDuringRound(t *testing.T) {
	w := newWorld(t)
	w.next()
	w.during = func() {
		w.during = nil
		w.write("ingress: [allow 8123/tcp from 192.0.2.1]")
		if _, err := w.Enforcer.Apply(t.Context(), func(*enforce.Plan) error { return nil }); err != nil {
			t.Fatal(err)
		}
		w.refuse = errTest // whatever else is put in force
	}
	if r := w.next(); r.Err != nil || r.Plan == nil || !r.Plan.Empty() {
		t.Errorf("the round replaced what was applied while it looked: %+v", r)
	}
}
