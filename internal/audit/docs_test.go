package audit

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// docs/audit.md has every kind of finding, as Kinds has them.
func TestDocs(t *testing.T) {
	var b strings.Builder
	for _, k := range Kinds() {
		fmt.Fprintf(&b, "### %s\n\n**%s.** %s. %s\n\nWhat to do: %s\n\n", k.ID, k.Severity, upper(k.Title), k.Meaning, k.Remedy)
	}
	const path, mark = "../../docs/audit.md", "## Findings\n\n"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, after, found := strings.Cut(string(data), mark)
	if !found {
		t.Fatalf("%s has no heading for findings", path)
	}
	want := strings.TrimRight(b.String(), "\n") + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(before+mark+want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if after != want {
		t.Errorf("%s does not have the findings as they are: go test ./internal/audit -run Docs -update", path)
	}
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
