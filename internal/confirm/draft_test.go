package confirm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDraft(t *testing.T) {
	for name, c := range map[string]struct {
		before, meanwhile, after string
		refused                  bool
	}{
		"written":                     {before: "old", meanwhile: "old", after: "new"},
		"a first policy":              {after: "new"},
		"written already":             {before: "old", meanwhile: "new", after: "new"},
		"somebody else was faster":    {before: "old", meanwhile: "other", after: "other", refused: true},
		"and made one where none was": {meanwhile: "other", after: "other", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "policy.yaml")
			put := func(text string) {
				if text == "" {
					return
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			put(c.before)
			d, err := NewDraft(path, []byte("new"))
			if err != nil {
				t.Fatal(err)
			}
			put(c.meanwhile)
			err = d.Write()
			if (err != nil) != c.refused || c.refused && !strings.Contains(err.Error(), "was changed while") {
				t.Errorf("error %v", err)
			}
			if got, _ := os.ReadFile(path); string(got) != c.after {
				t.Errorf("the file is %q, want %q", got, c.after)
			}
		})
	}
}
