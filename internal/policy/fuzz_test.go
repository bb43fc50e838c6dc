package policy

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/dockwall/dockwall/internal/wording"
)

// wantShown checks what holds for all problems: they have a place in their line, and showing them plays no tricks.
func wantShown(t *testing.T, problems Problems) {
	t.Helper()
	for _, p := range problems {
		if p.Message == "" || p.Position.Line > 0 && p.Position.Column < 1 || p.Width < 0 {
			t.Errorf("problem %+v", p)
		}
		if length := utf8.RuneCountInString(p.Source); p.Source != "" && p.Position.Column > length+1 {
			t.Errorf("column %d of a line of %d characters: %+v", p.Position.Column, length, p)
		}
		if shown := p.Caret() + p.Error(); !utf8.ValidString(shown) || strings.ContainsFunc(shown, func(r rune) bool {
			return wording.Forbidden(r) && r != utf8.RuneError
		}) {
			t.Errorf("shown as %q", shown)
		}
	}
}

// FuzzParse: no file brings the parser down, and the positions of what it takes are exact: at every rule's position its
// first word stands.
func FuzzParse(f *testing.F) {
	cases, err := filepath.Glob("testdata/errors/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range cases {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data)
	}
	f.Add([]byte("version: 1\ningress:\n  - \"allow 80/tcp\" # x\n  - 'deny all'\negress: [deny all, 'allow tcp']\n"))
	f.Add([]byte("version: 1\ningress:\n- allow 80/tcp\n -\n  deny all\nsets:\n  ? x\n  : - 1.1.1.1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, problems := Parse("policy.yaml", data)
		wantShown(t, problems)
		if (p == nil) != (problems.Err() != nil) {
			t.Fatalf("policy %v with %v", p, problems)
		}
		if p == nil {
			return
		}
		lines := bytes.Split(data, []byte("\n"))
		for _, r := range append(p.Ingress, p.Egress...) {
			rest := []rune(string(lines[r.Position.Line-1]))[r.Position.Column-1:]
			if !strings.HasPrefix(string(rest), r.Action.String()) {
				t.Errorf("at %s stands %q, not %q", r.Position, string(rest), r)
			}
		}
	})
}

// FuzzSentence: what is taken prints as a sentence that is taken and prints the same.
func FuzzSentence(f *testing.F) {
	for _, seed := range []string{
		"allow 8123/tcp from office", "deny all from 10.0.0.0/8,::1 except 10.0.0.1-10.0.0.9",
		"allow 80,443/tcp 443/udp from any to shop/web:80,network:a except label:b=c on eno1 at 192.0.2.1 log",
		"alow 80/tcp frm to", "allow ,,80//tcp from ,,",
		"deny icmp to any except ::ffff:1.2.3.4", "allow 80/tcp\x00\xff\u202e",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, text string, egress bool) {
		section := Ingress
		if egress {
			section = Egress
		}
		r, problems := ParseSentence(section, text)
		wantShown(t, problems)
		if len(problems) > 0 {
			return
		}
		again, problems := ParseSentence(section, r.String())
		if len(problems) > 0 || again.String() != r.String() || again.meaning() != r.meaning() {
			t.Errorf("%q is printed as %q, and that as %q\n%s", text, r, again, problems.Caret())
		}
	})
}

// FuzzSetFile: what is taken is ranges of one family that netip agrees with.
func FuzzSetFile(f *testing.F) {
	for _, seed := range []string{
		"10.0.0.1\n# x\n\n10.0.0.0/8#y\n", "2001:db8::/32\r\n", "10.0.0.1-10.0.0.9\n::1-::9",
		"10.0.0.1/8\n1\n\xff\n", strings.Repeat("1", 5000),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		ranges, problems, err := readSet("set.txt", bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		wantShown(t, problems)
		for _, r := range ranges {
			if !r.IsValid() || r.From().Is4In6() || r.From().Zone() != "" {
				t.Errorf("range %v", r)
			}
		}
		if len(ranges)+len(problems) > bytes.Count(data, []byte("\n"))+2 {
			t.Errorf("%d ranges and %d problems", len(ranges), len(problems))
		}
	})
}

// FuzzLabel: no label is an error, opens another container, or opens anything to a source that is not within.
func FuzzLabel(f *testing.F) {
	for _, seed := range []string{
		"80,443/tcp from office", "allow all; deny all", "7777/tcp from any; tcp to nginx", "all\nfrom any",
		`tcp from "office"`, strings.Repeat(";", 300), "all from any except 192.168.0.7", "\x1b]0;x\x07",
		"all log; all on eno1; all at 203.0.113.10",
	} {
		f.Add("dockwall.allow", seed)
	}
	policy := policyOf(f, "")
	outsider := Conversation{In: "eno1",
		Source: netip.MustParseAddr("198.51.100.7"), Destination: netip.MustParseAddr("203.0.113.10")}
	f.Fuzz(func(t *testing.T, key, value string) {
		h := withLabel("nginx", key, value)
		p, problems := policy.WithLabels(h)
		wantShown(t, problems)
		if problems.Err() != nil {
			t.Errorf("errors: %v", problems)
		}
		for _, r := range p.Ingress {
			if r.Action != Allow || r.Label != "c2" || len(r.Within) == 0 || !r.To.Any() {
				t.Errorf("rule %+v", r)
			}
		}
		for _, c := range h.Containers {
			for _, publication := range c.Publications {
				outsider.Protocol, outsider.Port = publication.Protocol, publication.HostPort
				if d := Decide(p, h, outsider); d.Allowed {
					t.Errorf("%q opens %s: %s", value, c.Name, d.Reason)
				}
				insider := outsider
				insider.Source = netip.MustParseAddr("192.168.0.7")
				if d := Decide(p, h, insider); d.Allowed && c.Name != "nginx" {
					t.Errorf("%q opens %s: %s", value, c.Name, d.Reason)
				}
			}
		}
	})
}

// The corpora of the fuzz targets are small enough to be read.
func TestCorpora(t *testing.T) {
	entries, err := filepath.Glob("testdata/fuzz/*/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range entries {
		if info, err := os.Stat(name); err != nil || info.Size() > 4096 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}
