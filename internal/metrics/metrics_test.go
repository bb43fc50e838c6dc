package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/enforce"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/guard"
	"github.com/dockwall/dockwall/internal/policy"
)

// Prometheus' own advice on names and helps is followed.
func TestLint(t *testing.T) {
	w := newWorld(t)
	w.round(nil)
	problems, err := testutil.GatherAndLint(w.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// wantMetrics compares some metrics with what Prometheus would be given.
func (w *world) wantMetrics(t *testing.T, text string) {
	t.Helper()
	var names []string
	want := ""
	for line := range strings.Lines(text) {
		name := line[:strings.IndexAny(line, "{ ")]
		if len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	families, err := w.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		for _, f := range families {
			if f.GetName() == name {
				want += fmt.Sprintf("# HELP %s %s\n# TYPE %s %s\n", name, f.GetHelp(), name, strings.ToLower(f.GetType().String()))
			}
		}
		for line := range strings.Lines(text) {
			if line[:strings.IndexAny(line, "{ ")] == name {
				want += line
			}
		}
	}
	if err := testutil.GatherAndCompare(w.registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

// What rules count has their places, and who asks often does not make the kernel be read often.
func TestKernel(t *testing.T) {
	w := newWorld(t)
	w.round(nil)
	const want = `dockwall_in_force{backend="iptables"} 0
dockwall_in_force{backend="nftables"} 1
dockwall_kernel_readable 1
dockwall_rule_packets_total{action="allow",position="policy.yaml:4",rule="allow 8123/tcp from office",section="ingress"} 3
dockwall_rule_packets_total{action="deny",position="policy.yaml:5",rule="deny 6379/tcp from any",section="ingress"} 3
dockwall_default_bytes_total{action="deny",family="4",way="ingress"} 420
dockwall_containers 10
dockwall_policy_rules 2
dockwall_set_members 2
`
	w.wantMetrics(t, want)
	w.wantMetrics(t, want)
	if w.reads != 1 {
		t.Errorf("the kernel was read %d times within a second", w.reads)
	}
	w.later(2 * freshness)
	w.lines, w.err = nil, errTest
	w.wantMetrics(t, "dockwall_kernel_readable 0\n")
	if n := testutil.ToFloat64(w.errors.WithLabelValues(kindReading)); n != 1 {
		t.Errorf("%v errors of reading, want 1", n)
	}
	if n, _ := testutil.GatherAndCount(w.registry, "dockwall_in_force"); n != 0 {
		t.Error("nobody could read the kernel, and still it is said what is in force")
	}
}

// A rule that moved to another line of the policy has its series there, whatever the installed comment says.
func TestMovedRule(t *testing.T) {
	w := newWorld(t)
	w.lines[0].Rule.Position.Line = 77
	w.wantMetrics(t, `dockwall_rule_bytes_total{action="allow",position="policy.yaml:77",rule="allow 8123/tcp from office",section="ingress"} 180
dockwall_rule_bytes_total{action="deny",position="policy.yaml:5",rule="deny 6379/tcp from any",section="ingress"} 180
`)
	w.round(nil)
	w.later(2 * freshness)
	w.wantMetrics(t, `dockwall_rule_bytes_total{action="allow",position="policy.yaml:4",rule="allow 8123/tcp from office",section="ingress"} 180
dockwall_rule_bytes_total{action="deny",position="policy.yaml:5",rule="deny 6379/tcp from any",section="ingress"} 180
`)
}

// However many rules there are, the series are bounded, and nothing that was counted is lost.
func TestBound(t *testing.T) {
	w := newWorld(t)
	w.lines = nil
	for i := range 3 * MaxRules {
		w.lines = append(w.lines, backend.Line{Way: backend.Ingress, Packets: 1, Rule: gate.RuleRef{
			Position: policy.Position{File: "policy.yaml", Line: i + 1}, Sentence: "allow 1/tcp from any", Hash: fmt.Sprintf("%08x", i)}})
	}
	p, err := w.kernel.look()
	if err != nil || len(p.rules) != MaxRules+1 {
		t.Fatalf("%d series, want %d (%v)", len(p.rules), MaxRules+1, err)
	}
	last := p.rules[MaxRules]
	if want := (ruleCount{ruleKey{"ingress", "allow", "", Others}, 2 * MaxRules, 0}); last != want {
		t.Errorf("the others are %+v, want %+v", last, want)
	}
	if p.rules[0].position != "policy.yaml:1" {
		t.Errorf("the first is at %s", p.rules[0].position)
	}
}

// Two rules that look the same (their sentences are cut) are one series, because a scrape with the same series twice fails.
func TestSameLabels(t *testing.T) {
	var states []enforce.RuleState
	for _, hash := range []string{"a", "b"} {
		states = append(states, enforce.RuleState{Packets: 1, Rule: gate.RuleRef{Sentence: "allow x\xff", Hash: hash}})
	}
	if got := ruleCounts(states); len(got) != 1 || got[0].packets != 2 || got[0].rule != "allow x?" {
		t.Errorf("the series are %+v", got)
	}
}

// Drift is counted once, however many rounds its repair takes; after a reset nobody repairs it.
func TestDrift(t *testing.T) {
	w := newWorld(t)
	failing := func(r *guard.Report) { r.Drift, r.Plan, r.Err = true, nil, errTest }
	counted := func(found, repaired, unrepaired int) {
		t.Helper()
		w.wantMetrics(t, fmt.Sprintf("dockwall_drift_found_total %d\ndockwall_drift_repaired_total %d\ndockwall_drift_unrepaired %d\n",
			found, repaired, unrepaired))
	}
	w.round(nil)
	counted(0, 0, 0)
	w.round(failing)
	w.round(failing)
	counted(1, 0, 1)
	w.round(func(r *guard.Report) { r.Drift = true })
	counted(1, 1, 0)
	w.round(func(r *guard.Report) { r.Drift = true })
	counted(2, 2, 0)
	w.round(failing)
	w.round(func(r *guard.Report) { r.Plan, r.Resting = nil, true })
	counted(3, 2, 0)
}

// The delay is counted where an event asked for a change, and nowhere else.
func TestDelay(t *testing.T) {
	w := newWorld(t)
	w.round(nil)
	w.round(func(r *guard.Report) { r.Enforced = w.now })
	w.round(func(r *guard.Report) { r.Enforced, r.Noticed = w.now, w.now.Add(-20*time.Millisecond) })
	families, err := w.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "dockwall_enforcement_delay_seconds" {
			h := f.GetMetric()[0].GetHistogram()
			if h.GetSampleCount() != 1 || h.GetSampleSum() != .02 || h.GetBucket()[0].GetUpperBound() != .005 {
				t.Errorf("the delays are %v", h)
			}
			return
		}
	}
	t.Error("there is no such metric")
}

// Rounds' trouble is counted by its kinds, each once a round.
func TestKinds(t *testing.T) {
	for want, r := range map[string]guard.Report{
		"":               {},
		"policy":         {PolicyError: errTest, Err: errTest},
		"policy docker":  {PolicyError: errTest, EngineError: errTest},
		"docker":         {EngineError: errTest, Err: errTest},
		"tool":           {Err: fmt.Errorf("no: %w", &backend.MissingToolError{Tool: "nft"})},
		"refused":        {Err: fmt.Errorf("no: %w", &backend.RefusedError{Tool: "nft"})},
		"docker refused": {EngineError: errTest, Err: &backend.RefusedError{Tool: "nft"}},
		"other":          {Err: errTest},
	} {
		if got := strings.Join(kindsOf(r), " "); got != want {
			t.Errorf("the kinds are %q, want %q", got, want)
		}
	}
}
