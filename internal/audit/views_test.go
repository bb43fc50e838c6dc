package audit

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample is a report with something in every place.
func sample() *Report {
	r := &Report{
		Host: "shop", Engine: "Docker 28.5.2 (iptables)", Missing: []string{"the routes are not known"},
		Interfaces: []string{"eno1", "wg0"},
		Exposed: []Exposure{
			{Name: "clickhouse", Ports: "8123/tcp", Access: []Access{
				{Way: DNAT, Family: "IPv4", Interfaces: []string{"eno1", "wg0"}, From: Anyone},
				{Way: Proxy, Family: "IPv6", Interfaces: []string{"eno1", "wg0"}, From: Anyone},
			}},
			{Name: "shop-web-1", Ports: "8443/tcp", Leads: "8123", Addresses: []string{"192.168.0.1"}, Access: []Access{
				{Way: DNAT, Family: "IPv4", Interfaces: []string{"eno1"}, From: "office", Possibly: "office, 10.0.0.0/8"},
				{Way: DNAT, Family: "IPv4", Interfaces: []string{"wg0"}, From: Nobody, Possibly: Anyone},
			}},
			{Name: "local-only", Ports: "9001/tcp", Addresses: []string{"127.0.0.1"}},
			{Name: "lan", Ports: "all ports", Note: "packets on network lan pass by the host's rules"},
		},
	}
	r.add(Finding{Kind: PastTheHost, Subject: "lan", Message: "its packets pass by the host's rules"})
	r.add(Finding{Kind: OpenToInternet, Subject: "8123/tcp (clickhouse)", Message: "anybody on the internet reaches it",
		Evidence: Evidence{"198.51.100.7:40000 → 203.0.113.10:8123/tcp, arriving on eno1",
			[]string{"prerouting  nat DOCKER rule 2  8123 → 172.17.0.2:8123", "✓ it reaches clickhouse"}}})
	r.add(Finding{Kind: DeadRule, Subject: "filter DOCKER-USER rule 4", Message: "rule 3 decides all that it matches", Line: 12})
	r.sort()
	return r
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestWriteText(t *testing.T) {
	var b bytes.Buffer
	sample().WriteText(&b, Plain)
	golden(t, "sample.txt", b.String())
}

func TestWriteSARIF(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WriteSARIF(&b, "1.2.3", "rules.txt"); err != nil {
		t.Fatal(err)
	}
	golden(t, "sample.sarif", b.String())
	checkSARIF(t, b.Bytes())
}

// checkSARIF holds a log against what the schema of SARIF 2.1.0 demands of the objects that are used: required
// properties, levels, indices.
func checkSARIF(t *testing.T, data []byte) {
	t.Helper()
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool        struct{ Driver map[string]any }
			Invocations []map[string]any
			Results     []map[string]any
		}
	}
	if err := json.Unmarshal(data, &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 || !strings.HasSuffix(log.Schema, "sarif-schema-2.1.0.json") {
		t.Fatalf("version %q, %d runs, schema %q", log.Version, len(log.Runs), log.Schema)
	}
	run := log.Runs[0]
	rules, _ := run.Tool.Driver["rules"].([]any)
	if run.Tool.Driver["name"] == "" || len(rules) == 0 {
		t.Error("the driver has no name or no rules")
	}
	var ids []string
	for _, rule := range rules {
		ids = append(ids, rule.(map[string]any)["id"].(string))
	}
	if sorted := slices.Compact(slices.Sorted(slices.Values(ids))); len(sorted) != len(ids) {
		t.Error("two rules have one id")
	}
	for _, i := range run.Invocations {
		if _, ok := i["executionSuccessful"].(bool); !ok {
			t.Error("an invocation does not say whether it was successful")
		}
	}
	for _, result := range run.Results {
		if index := int(result["ruleIndex"].(float64)); ids[index] != result["ruleId"] {
			t.Errorf("result %v has the index of %s", result["ruleId"], ids[index])
		}
		if !slices.Contains([]string{"none", "note", "warning", "error"}, result["level"].(string)) {
			t.Errorf("there is no level %v", result["level"])
		}
		text := result["message"].(map[string]any)["text"].(string)
		if text == "" || strings.ContainsAny(text, "[]{}") {
			t.Errorf("the message %q is empty, or has links or placeholders", text)
		}
		for _, l := range result["locations"].([]any) {
			physical := l.(map[string]any)["physicalLocation"].(map[string]any)
			if physical["artifactLocation"].(map[string]any)["uri"] == "" {
				t.Error("a location has no URI")
			}
			if region, ok := physical["region"].(map[string]any); ok && region["startLine"].(float64) < 1 {
				t.Error("lines count from 1")
			}
		}
	}
}

// Text from outside cannot command a terminal, forge a line of the report, or put a link into SARIF.
func TestHostileText(t *testing.T) {
	hostile := "a\x1b[2Jb\nFINDINGS: none\u202e[x](http://evil){0}\xff"
	r := &Report{Host: hostile, Missing: []string{hostile}, Exposed: []Exposure{{Name: hostile, Ports: hostile, Note: hostile}}}
	r.add(Finding{Kind: DeadRule, Subject: hostile, Message: hostile, Remedy: hostile,
		Evidence: Evidence{hostile, []string{hostile}}})
	var text, sarif bytes.Buffer
	r.WriteText(&text, Plain)
	for _, bad := range []string{"\x1b", "\nFINDINGS: none", "\u202e", "\xff"} {
		if strings.Contains(text.String(), bad) {
			t.Errorf("%q is in the text:\n%q", bad, text.String())
		}
	}
	if err := r.WriteSARIF(&sarif, "1", "x"); err != nil {
		t.Fatal(err)
	}
	checkSARIF(t, sarif.Bytes())
}

func TestSeverities(t *testing.T) {
	for _, s := range []Severity{Low, Medium, High} {
		if got, err := ParseSeverity(s.String()); got != s || err != nil {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	if _, err := ParseSeverity("terrible"); err == nil {
		t.Error("terrible is a severity")
	}
	if got := sample().Worst(); got != High {
		t.Errorf("the worst is %s", got)
	}
	if got := (&Report{}).Worst(); got != 0 {
		t.Errorf("the worst of nothing is %d", got)
	}
}
