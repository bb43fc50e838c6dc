package enforce

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dockwall/dockwall/internal/policy"
)

// Edits at the same time wait for each other: none is lost.
func TestEditsAtOnce(t *testing.T) {
	m := newMachine(t)
	e := m.enforcer(t, openRedis)
	e.Notice = func(string) {}
	const edits = 8
	errs := make([]error, edits)
	var wait sync.WaitGroup
	for i := range edits {
		wait.Go(func() { _, errs[i] = e.Add(t.Context(), nil, fmt.Sprintf("allow %d/tcp", 8000+i)) })
	}
	wait.Wait()
	p, _, err := Load(e.PolicyPath)
	if err != nil || len(p.Ingress) != 1+edits {
		t.Errorf("after %d edits: %v, %d rules; the edits' errors are %v", edits, err, len(p.Ingress), errs)
	}
}

// Where a sentence goes, and which rule the caller is told of.
func TestEditSections(t *testing.T) {
	egress := policy.Egress
	for _, test := range []struct {
		sentence string
		wanted   *policy.Section
		want     policy.Section
	}{
		{"allow 80/tcp from 10.0.0.1", nil, policy.Ingress},
		{"deny all to 10.0.0.1", nil, policy.Egress},
		{"allow 443/tcp from shop/web to 1.1.1.1", nil, policy.Egress},
		{"deny 25/tcp", nil, policy.Ingress},
		{"deny 25/tcp", &egress, policy.Egress},
	} {
		m := newMachine(t)
		e := m.enforcer(t, openRedis)
		dropIn(t, e, "ingress:\n  - deny 25/tcp\n") // the same sentence elsewhere is another one
		before, err := os.ReadFile(e.PolicyPath)
		if err != nil {
			t.Fatal(err)
		}
		added, err := e.Add(t.Context(), test.wanted, test.sentence)
		if err != nil || added.Rule.Section != test.want || added.Rule.Position.Line < 4 {
			t.Errorf("add %s: %v, %+v", test.sentence, err, added)
			continue
		}
		removed, err := e.Remove(t.Context(), test.wanted, test.sentence)
		if err != nil || removed.Rule.String() != added.Rule.String() || removed.Rule.Section != test.want {
			t.Errorf("remove %s: %v, %+v", test.sentence, err, removed)
			continue
		}
		after, err := os.ReadFile(e.PolicyPath)
		if err != nil || !strings.HasPrefix(string(after), string(before)) {
			t.Errorf("%s: %v, the file was\n%s\nand is\n%s", test.sentence, err, before, after)
		}
	}
}

// dropIn gives the policy another file.
func dropIn(t *testing.T, e *Enforcer, text string) {
	t.Helper()
	dir := filepath.Join(filepath.Dir(e.PolicyPath), "policy.d")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "more.yaml"), []byte("version: 1\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
}
