package enforce

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

const someRules = `ingress:
  - allow 6379/tcp from any
  - allow 80/tcp from any to later
egress:
  - deny all to 169.254.169.254
  - allow 443/tcp
`

// states are the rules of a status with their states and counters, one a line.
func states(s *Status) string {
	var b strings.Builder
	for _, r := range s.Rules {
		fmt.Fprintf(&b, "%s %s: %s, %d packets, %d bytes\n", r.Section, r.Rule.Sentence, r.State, r.Packets, r.Bytes)
	}
	return b.String()
}

func TestStatus(t *testing.T) {
	m := newMachine(t)
	e := m.enforcer(t, someRules)
	s, err := e.Status(t.Context())
	if err != nil || s.Backend != "" || s.Equal() {
		t.Fatalf("before apply: %v, backend %q, equal %v", err, s.Backend, s.Equal())
	}
	check(t, "before apply", states(s), `ingress allow 6379/tcp from any: not in force, 0 packets, 0 bytes
ingress allow 80/tcp from any to later: needs no line on this host now, 0 packets, 0 bytes
egress deny all to 169.254.169.254: not in force, 0 packets, 0 bytes
egress allow 443/tcp to any: needs no line on this host now, 0 packets, 0 bytes
`)
	if _, err := e.Apply(t.Context(), m.agreed); err != nil {
		t.Fatal(err)
	}
	m.nft.stray = []backend.Line{{Way: backend.Ingress, Default: true, Packets: 7}}
	s, err = e.Status(t.Context())
	if err != nil || s.Backend != NFTables || !s.Equal() || s.Since.IsZero() || len(s.Defaults) != 1 {
		t.Fatalf("after apply: %v, %+v", err, s)
	}
	check(t, "after apply", states(s), `ingress allow 6379/tcp from any: in force, 4 packets, 200 bytes
ingress allow 80/tcp from any to later: needs no line on this host now, 0 packets, 0 bytes
egress deny all to 169.254.169.254: in force, 2 packets, 100 bytes
egress allow 443/tcp to any: needs no line on this host now, 0 packets, 0 bytes
`)
}

// What is installed and is not the policy's comes after the policy's rules.
func TestStatusDiffers(t *testing.T) {
	m := newMachine(t)
	if _, err := m.enforcer(t, openRedis).Apply(t.Context(), m.agreed); err != nil {
		t.Fatal(err)
	}
	m.ipt.installed = leftover(t)
	s, err := m.enforcer(t, "ingress:\n  - allow 8123/tcp\n").Status(t.Context())
	if err != nil || s.Equal() || s.Differs != "some rules" || len(s.Also) != 1 {
		t.Fatalf("status: %v, %+v", err, s)
	}
	check(t, "the rules", states(s), `ingress allow 8123/tcp from any: not in force, 0 packets, 0 bytes
ingress allow 6379/tcp from any: in force, but not in the policy, 4 packets, 200 bytes
`)
}

// Without something to compare with, status shows what is installed, and says why it is no more.
func TestStatusUncompared(t *testing.T) {
	m := newMachine(t)
	e := m.enforcer(t, openRedis)
	if _, err := e.Apply(t.Context(), m.agreed); err != nil {
		t.Fatal(err)
	}
	const installed = "ingress allow 6379/tcp from any: in force; not compared with the policy, 4 packets, 200 bytes\n"
	for name, e := range map[string]*Enforcer{
		"wrong":  m.enforcer(t, "ingress: 7\n"),
		"failed": m.enforcer(t, "tests:\n  - 198.51.100.7 can reach 1/tcp\n"),
		"none":   {Machine: m, PolicyPath: "/nowhere/policy.yaml"},
	} {
		s, err := e.Status(t.Context())
		if err != nil || s.Uncompared == nil || s.Equal() || s.Backend != NFTables {
			t.Errorf("%s: %v, %+v", name, err, s)
		}
		check(t, name, states(s), installed)
	}
	m.engine = &host.NoEngineError{Reason: "it sleeps"}
	s, err := e.Status(t.Context())
	var noEngine *host.NoEngineError
	if err != nil || !errors.As(s.Uncompared, &noEngine) {
		t.Errorf("without an engine: %v, %+v", err, s)
	}
	check(t, "without an engine", states(s), installed)
}

// The same sentence twice in a policy is one rule in the kernel, and neither of the two is left over.
func TestStatusTwice(t *testing.T) {
	line := backend.Line{Way: backend.Egress, Packets: 1}
	r, problems := policy.ParseSentence(policy.Egress, "deny 25/tcp")
	if problems.Err() != nil {
		t.Fatal(problems)
	}
	line.Rule = gate.NewRuleRef(r)
	p := &Prepared{Policy: &policy.Policy{Egress: []policy.Rule{r, r}}, Gate: &gate.Gate{}}
	got := ruleStates(p, []backend.Line{line, line})
	if len(got) != 2 || got[0].Packets != 2 || got[0].State != InForce || got[1].State != InForce {
		t.Errorf("the states are %+v", got)
	}
}
