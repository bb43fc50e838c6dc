package enforce

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/iptables"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
	"github.com/dockwall/dockwall/internal/netfilter/xtables"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/story"
	"github.com/dockwall/dockwall/internal/walk"
)

// rendering is a kernel in memory, and rules as the iptables backend renders them.
type rendering struct{ *memory }

func (rendering) Render(g *gate.Gate, since time.Time) (string, error) {
	return iptables.New(iptables.Options{}).Render(g, since)
}

// surrounded is a machine of which the rules can be read.
type surrounded struct{ *machine }

func (s surrounded) Backends(*host.Host) []backend.Backend {
	return []backend.Backend{rendering{s.ipt}}
}

// surroundings is an enforcer of tests on a recorded host with somebody else's rules in FORWARD.
func surroundings(t *testing.T, text, foreign string) (*Enforcer, *machine) {
	t.Helper()
	captured, h, err := capture.Recording("../host/testdata/hosts/docker-29.7-iptables")
	if err != nil {
		t.Fatal(err)
	}
	tables, unread := xtables.Parse("*filter\n:FORWARD ACCEPT [0:0]\n"+foreign+"COMMIT\n", netfilter.IPv4,
		netfilter.XtablesLegacy, nil)
	if len(unread) > 0 {
		t.Fatal(unread)
	}
	captured.Rules.Tables = append(captured.Rules.Tables, tables...)
	m := newMachine(t)
	m.host, m.captured = h, captured
	e := m.enforcer(t, text)
	e.Machine, e.Backend = surrounded{m}, IPTables
	return e, m
}

const canReach = "ingress:\n  - allow 8123/tcp from any\ntests:\n  - 192.168.0.7 can reach 8123/tcp\n"

// Another rule of the host that refuses what the policy allows fails the test, with the packet's way, before anything is
// asked or touched.
func TestWalkRefusedByOthers(t *testing.T) {
	e, m := surroundings(t, canReach, "-A FORWARD -s 192.168.0.7/32 -j DROP\n")
	plan, err := e.Apply(t.Context(), m.agreed)
	var failed *TestsError
	if !errors.As(err, &failed) || plan.Tests[0].Passed || plan.Tests[0].Got != "refused" {
		t.Fatalf("the error is %v, want a failed test", err)
	}
	for _, want := range []string{"but another rule of this host refuses it: dropped", "192.168.0.7:40000 → 192.168.0.1:8123/tcp",
		"legacy filter FORWARD rule 1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	check(t, "what was done", m.happened(), "")
}

// Without such a rule, with one that possibly refuses, and with one that only keeps anybody from listening, it holds.
func TestWalkHolds(t *testing.T) {
	for name, foreign := range map[string]string{
		"nothing":  "",
		"possibly": "-A FORWARD -s 192.168.0.7/32 -m limit --limit 1/sec -j DROP\n",
		"others":   "-A FORWARD -s 192.168.0.8/32 -j DROP\n",
	} {
		e, m := surroundings(t, canReach, foreign)
		plan, err := e.Apply(t.Context(), m.agreed)
		if err != nil || !plan.Tests[0].Passed || plan.Tests[0].Trace != "" || plan.Unwalked != nil {
			t.Errorf("%s: %v, %+v, not followed: %v", name, err, plan.Tests, plan.Unwalked)
		}
	}
}

// Rules that let through what the policy refuses are dockwall's own error, and said to be.
func TestWalkLetThrough(t *testing.T) {
	e, m := surroundings(t, "ingress:\n  - allow 8123/tcp from any\ntests:\n  - 192.168.0.7 cannot reach 8123/tcp\n", "")
	_, err := e.Apply(t.Context(), m.agreed)
	if err == nil || strings.Contains(err.Error(), "error of dockwall") {
		t.Errorf("a policy that allows it: %v", err)
	}
	r := policy.TestResult{Attempts: []policy.Attempt{{Decision: policy.Decision{Governed: true, Reason: "no rule matches"},
		Conversation: policy.Conversation{In: "eno1", Source: addr("192.168.0.7"), Destination: addr("192.168.0.1"),
			Protocol: host.TCP, Port: 8123}}}, Passed: true}
	walkTest(sceneOf(m), walk.New(m.captured), &r)
	if r.Passed || r.Got != "allowed" || !strings.Contains(r.Why, "this is an error of dockwall") ||
		!strings.Contains(r.Trace, "✓ reaches container clickhouse") {
		t.Errorf("rules that let it through: %+v", r)
	}
}

// Where the rules cannot be read, the policy's own word counts, and it is said.
func TestUnwalked(t *testing.T) {
	e, m := surroundings(t, canReach, "-A FORWARD -j DROP\n")
	m.captured = nil
	plan, err := e.Apply(t.Context(), m.agreed)
	if err != nil || plan.Unwalked == nil {
		t.Errorf("%v, not followed: %v", err, plan.Unwalked)
	}
}

// What keeps or restores a policy asks nobody's rules.
func TestKeepDoesNotWalk(t *testing.T) {
	e, m := surroundings(t, canReach, "-A FORWARD -j DROP\n")
	p, problems, err := Load(e.PolicyPath)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Keep(t.Context(), Wanted{Policy: p, Problems: problems, Host: m.host}, "guard", nil); err != nil {
		t.Errorf("the guard keeps nothing: %v", err)
	}
	if s, err := e.Status(t.Context()); err != nil || !s.Equal() {
		t.Errorf("status: %v, %+v", err, s)
	}
}

func addr(text string) netip.Addr { return netip.MustParseAddr(text) }

func sceneOf(m *machine) story.Scene { return story.Scene{Machine: m.captured, Host: m.host} }
