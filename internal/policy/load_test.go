package policy

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/netlab"
)

// One policy of a file, its drop-ins in the order of their names, and sets in files beside the file that names them.
func TestLoad(t *testing.T) {
	t.Chdir(t.TempDir())
	writeTree(t, "etc/policy.yaml", []byte(`version: 1
ingress:
  - allow 1/tcp from office
sets:
  office: [192.168.0.0/24, 10.0.0.1]
  blocklist: {file: lists/block.txt}
labels: {within: "office,vpn"}
tests:
  - 192.168.0.7 can reach 1/tcp
`))
	writeTree(t, "etc/policy.d/20.yaml", []byte(`version: 1
ingress: [allow 3/tcp]
egress:
- deny all to any
backend: iptables
`))
	writeTree(t, "etc/policy.d/10.yaml", []byte(`# drop-in
---
version: 1
ingress: ["allow 2/tcp from vpn"]
defaults: {ingress: allow, egress: deny, refuse: drop}
sets: {vpn: {file: vpn.txt}}
...
`))
	writeTree(t, "etc/policy.d/README", []byte("nothing"))
	const list = "# list\n\n 192.0.2.1 # one\n2001:db8::/32\t\n198.51.100.1-198.51.100.9#three\n"
	writeTree(t, "etc/lists/block.txt", []byte(list))
	writeTree(t, "etc/policy.d/vpn.txt", []byte("10.8.0.0/24"))

	p, problems := Load("etc/policy.yaml")
	if len(problems) > 0 {
		t.Fatal(problems.Caret())
	}
	got := fmt.Sprint(p.Files, p.Ingress, p.Egress, p.Defaults, p.Backend, p.Labels.Within, p.Tests)
	const want = "[etc/policy.yaml etc/policy.d/10.yaml etc/policy.d/20.yaml] " +
		"[allow 1/tcp from office allow 2/tcp from vpn allow 3/tcp from any] [deny all to any] " +
		"{allow deny drop}iptables[office vpn] [192.168.0.7 can reach 1/tcp]"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if at := p.Ingress[1].Position.String(); at != "etc/policy.d/10.yaml:4:12" {
		t.Errorf("the second rule stands at %s", at)
	}
	wantSet := &Set{Name: "blocklist", File: "etc/lists/block.txt", Position: Position{"etc/policy.yaml", 6, 3},
		Ranges: ranges("192.0.2.1-192.0.2.1", "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
			"198.51.100.1-198.51.100.9")}
	if diff := cmp.Diff(wantSet, p.Sets["blocklist"], compareRanges); diff != "" {
		t.Errorf("set (-want +got):\n%s", diff)
	}
	if vpn := p.Sets["vpn"]; vpn.File != "etc/policy.d/vpn.txt" || len(vpn.Ranges) != 1 {
		t.Errorf("vpn is %+v", vpn)
	}
	union := p.Addresses([]Peer{{Set: "office"}, {Set: "vpn"}, {Range: ranges("10.0.0.0-10.0.0.0")[0]}, {Set: "missing"}})
	if got := fmt.Sprint(union.Ranges()); got != "[10.0.0.0-10.0.0.1 10.8.0.0-10.8.0.255 192.168.0.0-192.168.0.255]" {
		t.Errorf("the addresses are %s", got)
	}
}

func ranges(texts ...string) []netipx.IPRange {
	var all []netipx.IPRange
	for _, text := range texts {
		all = append(all, netipx.MustParseIPRange(text))
	}
	return all
}

// LoadFiles reads these files and no drop-ins; LoadChanged reads new text in place of one file's.
func TestLoadFilesAndChanged(t *testing.T) {
	t.Chdir(t.TempDir())
	writeTree(t, "policy.yaml", []byte("version: 1\ningress: [allow 1/tcp from office]\n"))
	writeTree(t, "policy.d/sets.yaml", []byte("version: 1\nsets: {office: [10.0.0.0/8]}\n"))
	_, problems := LoadFiles([]string{"policy.yaml"})
	if len(problems) != 1 || problems[0].Message != `there is no set "office"` {
		t.Errorf("one file alone: %v", problems)
	}
	p, problems := LoadFiles([]string{"policy.d/sets.yaml", "policy.yaml"})
	if p == nil || len(problems) > 0 || len(p.Files) != 2 {
		t.Errorf("both files: %v", problems)
	}
	p, problems = LoadChanged("policy.yaml", []byte("version: 1\ningress: [allow 2/tcp from office]\n"))
	if len(problems) > 0 || fmt.Sprint(p.Ingress) != "[allow 2/tcp from office]" {
		t.Errorf("changed: %v", problems)
	}
	p, problems = LoadChanged("policy.yaml", []byte("version: 1\ningress: [allow 2/tcp from offcie]\n"))
	if p != nil || len(problems) != 1 {
		t.Errorf("wrongly changed: %v", problems)
	}
}

// A policy with nothing but its version has the defaults of the language.
func TestParseDefaults(t *testing.T) {
	p, problems := Parse("policy.yaml", []byte("version: 1\n"))
	if len(problems) > 0 || p.Defaults != (Defaults{Deny, Allow, Reject}) || p.Backend != "auto" || p.Labels != nil {
		t.Errorf("%+v, %v", p, problems)
	}
}

// Parse looks at no other file.
func TestParseSetFile(t *testing.T) {
	_, problems := Parse("policy.yaml", []byte("version: 1\nsets: {a: {file: /etc/passwd}}\n"))
	const want = "policy.yaml:2:18: the file of set \"a\" is not read here; write the addresses here"
	if problems.Error() != want {
		t.Errorf("%v", problems)
	}
}

// Files that others could have written are refused, and files that are none do not make anybody wait.
func TestUntrusted(t *testing.T) {
	t.Chdir(t.TempDir())
	writeTree(t, "policy.yaml", []byte("version: 1\nsets: {a: {file: a.txt}}\n"))
	writeTree(t, "a.txt", []byte("10.0.0.1\n"))
	writeTree(t, "policy.d/x.yaml", []byte("version: 1\n"))
	for _, row := range []struct {
		name string
		mode os.FileMode
		want string
	}{
		{"policy.yaml", 0o644, ""}, {"policy.yaml", 0o600, ""}, {"policy.yaml", 0o755, ""},
		{"policy.yaml", 0o664, "policy.yaml: others may write it (mode 0664); chmod go-w policy.yaml"},
		{"policy.yaml", 0o646, "policy.yaml: others may write it (mode 0646); chmod go-w policy.yaml"},
		{"policy.d/x.yaml", 0o666, "policy.d/x.yaml: others may write it (mode 0666); chmod go-w policy.d/x.yaml"},
		{"policy.d", 0o777, "policy.d: others may write it (mode 0777); chmod go-w policy.d"},
		{"a.txt", 0o622, "policy.yaml:2:18: a.txt: others may write it (mode 0622); chmod go-w a.txt"},
	} {
		before, err := os.Stat(row.name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(row.name, row.mode); err != nil {
			t.Fatal(err)
		}
		if _, problems := Load("policy.yaml"); problems.Error() != row.want {
			t.Errorf("%s with mode %o: %v", row.name, row.mode, problems)
		}
		if err := os.Chmod(row.name, before.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo("fifo.yaml", 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"fifo.yaml": "fifo.yaml: this is not a regular file; put the text into a file",
		".":         ".: this is not a regular file; put the text into a file",
		"none.yaml": "none.yaml: there is no such file",
		"a.txt/x":   "a.txt/x: the file cannot be read: not a directory",
	} {
		if _, problems := LoadFiles([]string{name}); problems.Error() != want {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// A file of another user is refused, and so is a policy.d of another user.
func TestForeignOwner(t *testing.T) {
	netlab.Need(t)
	t.Chdir(t.TempDir())
	writeTree(t, "policy.yaml", []byte("version: 1\n"))
	writeTree(t, "policy.d/x.yaml", []byte("version: 1\n"))
	for _, name := range []string{"policy.yaml", "policy.d/x.yaml", "policy.d"} {
		if err := os.Chown(name, 1234, 0); err != nil {
			t.Fatal(err)
		}
		want := name + ": it belongs to user 1234, who may write it; chown root " + name
		if _, problems := Load("policy.yaml"); problems.Error() != want {
			t.Errorf("%s: %v", name, problems)
		}
		if err := os.Chown(name, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// What is too large is refused before it costs memory.
func TestTooLarge(t *testing.T) {
	t.Chdir(t.TempDir())
	writeTree(t, "policy.yaml", []byte("version: 1\nsets: {a: {file: a.txt}, b: {file: b.txt}}\n"))
	writeTree(t, "a.txt", nil)
	if err := os.Truncate("a.txt", largestSet+1); err != nil { // a sparse file
		t.Fatal(err)
	}
	writeTree(t, "b.txt", []byte("10.0.0.1\n"+strings.Repeat("x", longestSetLine+1)+"\n10.0.0.300\n"))
	writeTree(t, "big.yaml", nil)
	if err := os.Truncate("big.yaml", largestFile+1); err != nil {
		t.Fatal(err)
	}
	_, problems := LoadFiles([]string{"policy.yaml", "big.yaml"})
	const want = "policy.yaml:2:18: a.txt: the file is larger than 128 MB; split it into several sets\n" +
		"big.yaml: the file is larger than 16 MB\n" +
		"b.txt:2:1: the line is longer than 4096 characters, and nothing behind it was read; one address a line"
	if got := problems.Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	_, problems = Parse("x", []byte("version: 1\nsets:\n"+strings.Repeat("  a: []\n", mostKeys)))
	if got := problems.Error(); got != "x:10001:4: the file has more than 10000 keys; put addresses into fewer sets" {
		t.Errorf("many keys: %s", got)
	}
	_, problems = Parse("x", []byte("version: 1\n#"+strings.Repeat("x", longestLine)+"\n"))
	if got := problems.Error(); got != "x:2:65537: the line is longer than 65536 characters; break it" {
		t.Errorf("a long line: %s", got)
	}
}

// A set file that is something else altogether is not shown in full, but its bad lines are counted.
func TestSetFileFlood(t *testing.T) {
	t.Chdir(t.TempDir())
	writeTree(t, "policy.yaml", []byte("version: 1\nsets: {a: {file: a.txt}}\n"))
	writeTree(t, "a.txt", []byte(strings.Repeat("nonsense\n", 103)))
	_, problems := Load("policy.yaml")
	if len(problems) != 101 || problems[100].Error() != "a.txt:104:1: 3 more lines of this file are wrong" {
		t.Errorf("%d problems, the last is %v", len(problems), problems[len(problems)-1])
	}
}
