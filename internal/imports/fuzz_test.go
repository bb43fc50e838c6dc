package imports

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// FuzzImport gives it any text: it must end without panic, and what it makes must be a policy in printable ASCII.
func FuzzImport(f *testing.F) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(archive.Files[1].Data), false)
		f.Add(string(archive.Files[1].Data), true)
	}
	f.Fuzz(func(t *testing.T, text string, known bool) {
		var h *host.Host
		if known {
			h = model()
		}
		r, err := Import(text, h)
		if err != nil {
			if strings.Contains(err.Error(), "fault of dockwall") {
				t.Fatal(err)
			}
			return
		}
		if _, problems := policy.Parse("imported", []byte(r.Policy)); problems.Err() != nil {
			t.Fatalf("%v\n%s", problems, r.Policy)
		}
		if i := strings.IndexFunc(r.Policy, func(c rune) bool { return c != '\n' && (c < ' ' || c > '~') }); i >= 0 {
			t.Errorf("the policy has the character %q", r.Policy[i])
		}
	})
}

// TestLargeTexts are texts that a careless reader would not finish.
func TestLargeTexts(t *testing.T) {
	const closed = "iptables -F DOCKER-USER\niptables -A DOCKER-USER -j DROP\n"
	for name, text := range map[string]string{
		"one line":          strings.Repeat("iptables -A DOCKER-USER -j DROP ", 60_000),
		"one word":          closed + strings.Repeat("x", largestText/2),
		"redirections":      closed + strings.Repeat("> ", largestText/8),
		"open quotes":       closed + strings.Repeat("echo \"\n", 90_001),
		"open brackets":     closed + strings.Repeat("echo ${\n", 90_000),
		"groups":            closed + strings.Repeat("( ", 100_000),
		"blocks":            closed + strings.Repeat("if x; then\n", 50_000),
		"nested loops":      strings.Repeat("for a in 1 2 3 4 5 6 7 8; do\n", 12) + closed,
		"recursion":         "f() { f; f; }\nf\n" + closed,
		"growing variables": "a=xxxxxxxxxxxxxxxx\n" + strings.Repeat("a=$a$a$a$a\n", 1000) + closed,
		"tables":            strings.Repeat("*filter\n", 200_000) + closed,
		"jumps": "iptables -N a0\n" + strings.Repeat("iptables -A DOCKER-USER -j a0\n", 200) +
			strings.Repeat("iptables -A a0 -s 192.0.2.1 -j DROP\n", 200),
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Import(text, model())
			if err == nil && !strings.Contains(r.Policy, "version: 1") {
				t.Errorf("no policy and no error:\n%s", r.Policy)
			}
		})
	}
}
