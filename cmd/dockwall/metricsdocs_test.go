package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// shown is a command that docs/monitoring.md shows.
var shown = regexp.MustCompile(`(?m)^    (?:(?:curl|sh) .*)$`)

// Every command of docs/monitoring.md does what it should beside a guard that listens as the page says.
func TestMonitoringDocs(t *testing.T) {
	text := document(t, "monitoring.md")
	found := shown.FindAllString(text, -1)
	if len(found) < 5 {
		t.Fatalf("docs/monitoring.md shows %d commands, want 5 or more", len(found))
	}
	examples, err := filepath.Abs("../../packaging")
	if err != nil {
		t.Fatal(err)
	}
	script := guarded
	for _, command := range found {
		if strings.Contains(command, "textfile.sh") {
			command += " /run/dockwall/metrics.sock" // which is another one here
		}
		script += "exits 0 " + strings.NewReplacer("/run/dockwall/metrics.sock", "metrics.sock",
			"/usr/share/doc/dockwall/examples", examples, "/var/lib/prometheus/node-exporter", "textfiles").
			Replace(strings.TrimSpace(command)) + "\n"
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docs.txtar"), []byte(script+guardedFiles), 0o644); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: dir, RequireExplicitExec: true, Condition: condition,
		Setup: func(env *testscript.Env) error { return setUp(env, t.TempDir()) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "engine": engine, "network": network,
			"serve": serve, "answered": answered, "ends": ends}})
}

const guarded = `[!kernel] skip 'needs root: makes a network namespace'
engine docker-20.10-iptables
network docker-20.10-iptables
serve logs/log dockwall run --metrics-socket metrics.sock --metrics-listen 127.0.0.1:9577 --policy policy.yaml --state-dir state
answered metrics.sock /health 200 'true'
mkdir textfiles
`

// guardedFiles come behind the commands. What the textfile collector gets is dockwall's alone, and whole.
const guardedFiles = `
grep '^dockwall_in_force.backend="nftables". 1' textfiles/dockwall.prom
grep '^# HELP dockwall_' textfiles/dockwall.prom
! grep '(^| )(go|process)_' textfiles/dockwall.prom
ends TERM 0


-- policy.yaml --
version: 1
ingress:
  - allow 8123/tcp from any
`
