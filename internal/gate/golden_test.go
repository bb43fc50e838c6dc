package gate

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestRecordedHosts compiles the policy of testdata for hosts that were recorded from real engines.
func TestRecordedHosts(t *testing.T) {
	text, err := os.ReadFile("testdata/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, problems := policy.Parse("policy.yaml", text)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	recordings, err := filepath.Glob("../host/testdata/hosts/*")
	if err != nil || len(recordings) == 0 {
		t.Fatal("no recorded hosts: ", err)
	}
	for _, dir := range recordings {
		t.Run(filepath.Base(dir), func(t *testing.T) { golden(t, p, dir) })
	}
}

func golden(t *testing.T, p *policy.Policy, dir string) {
	h, err := host.LoadRecording(dir)
	if err != nil {
		t.Fatal(err)
	}
	p, _ = p.WithLabels(h)
	g, err := Compile(p, h)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", filepath.Base(dir)+".gate")
	if *update {
		if err := os.WriteFile(file, []byte(g.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), g.String()); diff != "" {
		t.Error("run with -update if this is right:\n", diff)
	}
}
