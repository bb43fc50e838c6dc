package gate

import (
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/policy"
)

func sentence(t *testing.T, section policy.Section, sentence string) policy.Rule {
	t.Helper()
	r, problems := policy.ParseSentence(section, sentence)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRuleRef(t *testing.T) {
	many := strings.Repeat("192.0.2.1,", 30) + "192.0.2.2"
	for _, test := range []struct{ sentence, want string }{
		{"allow  80,443/tcp from office,10.0.0.0/8 to shop/db:5432 on eno1 log",
			"allow 80,443/tcp from office,10.0.0.0/8 to shop/db:5432 on eno1 log"},
		{"allow 80/tcp from 2001:db8::/32", "allow 80/tcp from 2001:db8::/32"},
		{"deny all to label:role=a@b~c%d+e", "deny all from any to label:role=a_b_c_d_e"},
		{"allow tcp from " + many, ("allow tcp from " + many)[:100]},
	} {
		if got := NewRuleRef(sentence(t, policy.Ingress, test.sentence)).Sentence; got != test.want {
			t.Errorf("%s: %q", test.sentence, got)
		}
	}
}

// TestRuleRefOfAnything: no text, however it came into a rule, leaves the alphabet.
func TestRuleRefOfAnything(t *testing.T) {
	selector := &policy.ContainerSelector{LabelKey: "a", HasLabelValue: true, LabelValue: "x\n\"'\\;{}`$#é\x00\x7f*"}
	r := policy.Rule{To: policy.Peers{Items: []policy.Peer{{Container: selector}}}}
	if got, want := NewRuleRef(r).Sentence, "deny all from any to label:a=x"+strings.Repeat("_", 15); got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestRuleRefHash(t *testing.T) {
	r := sentence(t, policy.Egress, "allow 80/tcp")
	ref := NewRuleRef(r)
	if len(ref.Hash) != 8 || strings.Trim(ref.Hash, "0123456789abcdef") != "" {
		t.Errorf("the hash is %q", ref.Hash)
	}
	r.Position.Line = 99
	if NewRuleRef(r).Hash != ref.Hash {
		t.Error("the position is in the hash")
	}
	if NewRuleRef(sentence(t, policy.Ingress, "allow 80/tcp")).Hash == ref.Hash {
		t.Error("the section is not in the hash")
	}
	r.Label, r.Position.File = "1f", "container web, label dockwall.allow"
	other := r
	other.Label, other.Position.File = "2e", "container db, label dockwall.allow"
	if NewRuleRef(r).Hash == NewRuleRef(other).Hash {
		t.Error("labels of two containers have one hash")
	}
	long := "allow tcp from " + strings.Repeat("192.0.2.1,", 30)
	a := NewRuleRef(sentence(t, policy.Ingress, long+"192.0.2.2"))
	b := NewRuleRef(sentence(t, policy.Ingress, long+"192.0.2.3"))
	if a.Sentence != b.Sentence || a.Hash == b.Hash {
		t.Error("what is cut off is not in the hash")
	}
}

func TestReadable(t *testing.T) {
	for _, test := range []struct{ words, want string }{
		{"office", "office"},
		{"Office,10.0.0.0/8 except 10.0.0.1", "office_10_0_0_0_8_except"},
		{"a\n\"é", "a____"},
	} {
		if got := readable(test.words); got != test.want {
			t.Errorf("%s: %q", test.words, got)
		}
	}
}
