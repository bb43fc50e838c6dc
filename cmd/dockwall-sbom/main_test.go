package main

import (
	"runtime/debug"
	"testing"
)

// Every module of a binary is in its document, a replaced one by what replaced it.
func TestDescribe(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go1.26", Main: debug.Module{Path: "example.org/tool"}, Deps: []*debug.Module{
		{Path: "example.org/a", Version: "v1.0.0"},
		{Path: "example.org/b", Version: "v1.0.0", Replace: &debug.Module{Path: "example.org/c", Version: "v2.0.0"}},
	}}
	d := describe(info, "v7", "")
	if d.Metadata.Component.PURL != "pkg:golang/example.org/tool@v7" {
		t.Errorf("the tool is %s", d.Metadata.Component.PURL)
	}
	want := []string{"pkg:golang/stdlib@go1.26", "pkg:golang/example.org/a@v1.0.0", "pkg:golang/example.org/c@v2.0.0"}
	for i, c := range d.Components {
		if c.PURL != want[i] || d.Dependencies[0].DependsOn[i] != want[i] {
			t.Errorf("component %d is %s, want %s", i, c.PURL, want[i])
		}
	}
}

func TestTimestamp(t *testing.T) {
	for _, test := range []struct {
		seconds, want string
		fails         bool
	}{{"", "", false}, {"86400", "1970-01-02T00:00:00Z", false}, {"x", "", true}} {
		if got, err := timestamp(test.seconds); got != test.want || (err != nil) != test.fails {
			t.Errorf("%q: %q, %v", test.seconds, got, err)
		}
	}
}

func TestRun(t *testing.T) {
	if err := run(nil); err == nil {
		t.Error("no arguments are no error")
	}
	if err := run([]string{"v1", "main_test.go"}); err == nil {
		t.Error("a text is no binary")
	}
}
