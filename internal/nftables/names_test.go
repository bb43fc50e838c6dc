package nftables

import (
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/gate"
)

func TestCommentSaysItsRule(t *testing.T) {
	for _, r := range []gate.RuleRef{
		ref(3, "allow 8123/tcp from office"),
		ref(0, "deny any"),
		inFile("container web, label dockwall.allow", ref(1, "allow 80/tcp from 10.0.0.0/8")),
		inFile("/etc/dockwall/policy.d/20.yaml", ref(12345, "allow from fd00:12::/32 on eth0")),
	} {
		want := r
		want.Position.Column = 0
		got, ok := ruleComment(r).rule()
		if !ok || got != want {
			t.Errorf("%q says %+v %v, want %+v", ruleComment(r), got, ok, want)
		}
	}
}

func inFile(name string, r gate.RuleRef) gate.RuleRef {
	r.Position.File = name
	return r
}

func TestCommentOfNoRule(t *testing.T) {
	for _, c := range []Comment{
		"", "default", "since=2026-06-01T12:00:00Z gate=abc", "a:1 #0", "a: b #0", "a:1", "a:x b #0", " #:1 ",
	} {
		if r, ok := c.rule(); ok {
			t.Errorf("%q says %+v", c, r)
		}
		if c.identity() != string(c) {
			t.Errorf("%q is taken for %q", c, c.identity())
		}
	}
}

func TestLongCommentKeepsItsHash(t *testing.T) {
	r := ref(3, "allow 80/tcp from "+strings.Repeat("a", 200))
	r.Position.File = strings.Repeat("/directory", 30) + "/policy.yaml"
	c := ruleComment(r)
	if len(c) > commentLimit {
		t.Errorf("%d bytes: %s", len(c), c)
	}
	got, ok := c.rule()
	if !ok || got.Hash != r.Hash || !strings.HasSuffix(got.Position.File, "/policy.yaml") || got.Position.Line != 3 {
		t.Errorf("%s says %+v", c, got)
	}
}

func TestMovedRuleIsTheSame(t *testing.T) {
	a, b := ref(3, "allow 80/tcp from any"), ref(9, "allow 80/tcp from any")
	if ruleComment(a).identity() != ruleComment(b).identity() {
		t.Error("a rule that moved is taken for another")
	}
	if ruleComment(a).identity() == ruleComment(ref(3, "allow 81/tcp from any")).identity() {
		t.Error("two rules in one place are taken for one")
	}
}
