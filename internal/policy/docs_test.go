package policy

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every example in docs/policy.md means something: files load, sentences and labels parse, and the example of errors
// shows them exactly.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	blocks := regexp.MustCompile("(?ms)^```([a-z ]+)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	kinds := map[string]int{}
	for _, block := range blocks {
		if block[1] == "setfile" {
			writeTree(t, "blocklist.txt", []byte(block[2]))
		}
	}
	wrong := ""
	for _, block := range blocks {
		kind, body := block[1], block[2]
		kinds[kind]++
		switch kind {
		case "yaml":
			writeTree(t, "policy.yaml", []byte(body))
			if _, problems := Load("policy.yaml"); len(problems) > 0 {
				t.Errorf("%s\n%s", body, problems.Caret())
			}
		case "yaml wrong":
			_, problems := Parse("policy.yaml", []byte(body))
			wrong = problems.Caret() + "\n"
		case "text":
			if body != wrong {
				t.Errorf("docs show\n%s\ndockwall shows\n%s", body, wrong)
			}
		case "ingress":
			wantSentences(t, Ingress, body)
		case "egress":
			wantSentences(t, Egress, body)
		case "label":
			wantLabels(t, body)
		case "setfile":
		default:
			t.Errorf("an example of kind %q", kind)
		}
	}
	for _, kind := range []string{"yaml", "yaml wrong", "text", "ingress", "egress", "label", "setfile"} {
		if kinds[kind] == 0 {
			t.Errorf("no example of kind %q was found", kind)
		}
	}
}

func wantSentences(t *testing.T, section Section, body string) {
	t.Helper()
	for line := range strings.Lines(body) {
		if _, problems := ParseSentence(section, strings.TrimSuffix(line, "\n")); len(problems) > 0 {
			t.Error(problems.Caret())
		}
	}
}

func wantLabels(t *testing.T, body string) {
	t.Helper()
	for line := range strings.Lines(body) {
		h := withLabel("nginx", "dockwall.allow", strings.TrimSuffix(line, "\n"))
		p, problems := policyOf(t, "").WithLabels(h)
		if len(problems) > 0 || len(p.Ingress) == 0 {
			t.Errorf("%v, %s", p.Ingress, problems.Caret())
		}
	}
}
