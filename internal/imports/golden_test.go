package imports

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden imports the chain of each testdata/*.txtar for the host that it names. The policy has all notes in its
// comments, so it is all there is to compare.
func TestGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("there are no golden files", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name, archive)
		})
	}
}

// golden compares one file: input, host, policy.
func golden(t *testing.T, name string, archive *txtar.Archive) {
	files := map[string]string{}
	for _, f := range archive.Files {
		files[f.Name] = string(f.Data)
	}
	got := ""
	if r, err := Import(files["input"], testHost(t, files["host"])); err != nil {
		got = "error: " + err.Error() + "\n"
	} else {
		got = r.Policy
	}
	if *update {
		archive.Files = append(archive.Files[:2], txtar.File{Name: "policy", Data: []byte(got)})
		if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(files["policy"], got); diff != "" {
		t.Errorf("the policy differs (-want +got):\n%s", diff)
	}
}
