package policy

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A policy that was kept as sources means the same later, with the same positions, whatever became of its files.
func TestSources(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	main := write("policy.yaml", "version: 1\nsets:\n  office: { file: office.txt }\ningress:\n  - allow 80/tcp from office\n")
	drop := write("policy.d/more.yaml", "version: 1\ningress:\n  - allow 443/tcp from any\n")
	set := write("office.txt", "192.168.0.0/24\n")
	policy, sources, problems := LoadWithSources(main)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, s := range sources {
		paths = append(paths, s.Path)
	}
	if diff := cmp.Diff([]string{main, drop, set}, paths); diff != "" {
		t.Error(diff)
	}
	if !sources[2].Set || sources[0].Set {
		t.Errorf("which file is a set's: %+v", sources)
	}
	write("policy.yaml", "something else")
	if err := os.Remove(set); err != nil {
		t.Fatal(err)
	}
	again, problems := LoadSources(sources)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	for i, r := range again.Ingress {
		if was := policy.Ingress[i]; r.String() != was.String() || r.Position != was.Position {
			t.Errorf("rule %d is %s at %s, was %s at %s", i, r, r.Position, was, was.Position)
		}
	}
	if len(again.Ingress) != 2 || len(again.Sets["office"].Ranges) != 1 {
		t.Errorf("kept: %+v", again)
	}
	if _, problems := LoadSources(sources[:2]); problems.Err() == nil {
		t.Error("a policy without the file of its set is no error")
	}
}
