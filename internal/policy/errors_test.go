package policy

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the expected outputs of golden tests anew")

// TestErrors loads the files of each archive in testdata/errors; the file "want" in it is what a person is shown.
func TestErrors(t *testing.T) {
	cases, err := filepath.Glob("testdata/errors/*.txt")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range cases {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		absolute, err := filepath.Abs(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(name), func(t *testing.T) { testErrors(t, absolute, archive) })
	}
}

func testErrors(t *testing.T, name string, archive *txtar.Archive) {
	t.Chdir(t.TempDir())
	want := -1
	for i, f := range archive.Files {
		if f.Name == "want" {
			want = i
			continue
		}
		writeTree(t, f.Name, f.Data)
	}
	_, problems := Load("policy.yaml")
	got := problems.Caret() + "\n"
	if *update {
		archive.Files[want].Data = []byte(got)
		if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(archive.Files[want].Data), got); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
}

// writeTree writes a file that Load trusts, whatever the umask.
func writeTree(t *testing.T, name string, data []byte) {
	t.Helper()
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	if dir != "." {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
