package metrics

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	dto "github.com/prometheus/client_model/go"
)

// names are all that Prometheus is given, and of which type.
func names(t *testing.T) map[string]dto.MetricType {
	t.Helper()
	w := newWorld(t)
	w.round(nil)
	families, err := w.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]dto.MetricType{}
	for _, f := range families {
		found[f.GetName()] = f.GetType()
		if f.GetType() == dto.MetricType_HISTOGRAM {
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				found[f.GetName()+part] = f.GetType()
			}
		}
	}
	return found
}

var metricName = regexp.MustCompile(`\b(dockwall|go|process)_[a-z_]+`)

// wantNames checks that every metric of an expression exists, and gives how many it has.
func wantNames(t *testing.T, known map[string]dto.MetricType, where, expression string) int {
	t.Helper()
	all := metricName.FindAllString(expression, -1)
	for _, name := range all {
		if _, ok := known[name]; !ok {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
	return len(all)
}

func file(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The alert rules speak of metrics that exist, and say what to do.
func TestAlertRules(t *testing.T) {
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.UnmarshalWithOptions(file(t, "../../packaging/prometheus/dockwall.rules.yaml"), &rules, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if len(rules.Groups) != 1 || len(rules.Groups[0].Rules) < 8 {
		t.Fatalf("the rules are %+v", rules)
	}
	known := names(t)
	for _, r := range rules.Groups[0].Rules {
		if wantNames(t, known, r.Alert, r.Expr) == 0 && !strings.HasPrefix(r.Expr, `up{job="dockwall"}`) {
			t.Errorf("%s is about nothing: %s", r.Alert, r.Expr)
		}
		if r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s does not say how bad it is, what it is, or what to do", r.Alert)
		}
	}
}

// The dashboard shows metrics that exist.
func TestDashboard(t *testing.T) {
	var dashboard struct {
		UID, Title string
		Panels     []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(file(t, "../../packaging/grafana/dockwall.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	known, seen := names(t), map[int]bool{}
	for _, p := range dashboard.Panels {
		if seen[p.ID] || p.Title == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d %q has an ID twice, no title, or nothing to show", p.ID, p.Title)
		}
		seen[p.ID] = true
		for _, target := range p.Targets {
			if wantNames(t, known, p.Title, target.Expr) == 0 {
				t.Errorf("%s: %s is about nothing", p.Title, target.Expr)
			}
		}
	}
	if dashboard.UID == "" || dashboard.Title == "" || len(seen) < 10 {
		t.Errorf("the dashboard %q has %d panels", dashboard.Title, len(seen))
	}
}

// docs/monitoring.md has every metric of dockwall's own, with its type, and every kind of error and reason.
func TestDocs(t *testing.T) {
	text, known := string(file(t, "../../docs/monitoring.md")), names(t)
	for name, kind := range known {
		part := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "") != name
		want := "| `" + name + "` | " + strings.ToLower(kind.String()) + " |"
		if strings.HasPrefix(name, namespace) && !part && !strings.Contains(text, want) {
			t.Errorf("docs/monitoring.md does not have %q", want)
		}
	}
	for _, kind := range append(kinds, ReasonGate, ReasonPolicy, ReasonDocker, ReasonRound, ReasonLoop) {
		if !strings.Contains(text, "`"+kind+"`") {
			t.Errorf("docs/monitoring.md does not have the kind %q", kind)
		}
	}
	wantNames(t, known, "docs/monitoring.md", text)
	for _, path := range []string{"prometheus.yml", "metrics-listen.conf"} {
		indented := ""
		for line := range strings.Lines(string(file(t, "../../packaging/prometheus/"+path))) {
			if !strings.HasPrefix(line, "#") {
				indented += "    " + line
			}
		}
		if !strings.Contains(text, indented) {
			t.Errorf("docs/monitoring.md does not have packaging/prometheus/%s as it is", path)
		}
	}
}
