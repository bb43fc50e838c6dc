package capture

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dockwall/dockwall/internal/netfilter"
)

var update = flag.Bool("update", false, "write the golden files anew")

const hosts = "../../host/testdata/hosts"

var recordings = []string{
	"docker-20.10-iptables", "docker-26.1-iptables", "docker-28.5-iptables", "docker-29.7-iptables", "docker-29.7-nftables",
}

// describe is a machine's rules and what is not known of it.
func describe(m *netfilter.Machine) string {
	var b strings.Builder
	for _, i := range m.Interfaces {
		b.WriteString("interface " + i.Name + " " + i.Kind)
		for _, a := range i.Addresses {
			b.WriteString(" " + a.String())
		}
		b.WriteByte('\n')
	}
	for _, r := range m.Routes {
		b.WriteString("route " + r.Destination.String() + " " + r.Interface + "\n")
	}
	for _, s := range m.Missing {
		b.WriteString("missing: " + s + "\n")
	}
	for _, s := range m.Rules.Unread {
		b.WriteString("unread: " + s + "\n")
	}
	return b.String() + netfilter.Format(m.Rules.Tables)
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the machine differs from %s (-want +got):\n%s", path, diff)
	}
}

func TestRecordingGolden(t *testing.T) {
	for _, name := range recordings {
		t.Run(name, func(t *testing.T) {
			m, _, err := Recording(filepath.Join(hosts, name))
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Rules.Unread) > 0 {
				t.Errorf("unread: %q", m.Rules.Unread)
			}
			if notUnderstood := notUnderstood(m); len(notUnderstood) > 0 {
				t.Errorf("not understood: %q", notUnderstood)
			}
			checkGolden(t, name, describe(m))
		})
	}
}

// A bare iptables-save of the same hosts is understood too, and what is guessed is said.
func TestIPTablesSaveGolden(t *testing.T) {
	for _, name := range recordings {
		t.Run(name, func(t *testing.T) {
			var texts [2]string
			for i, file := range []string{"iptables-save.txt", "ip6tables-save.txt"} {
				data, err := os.ReadFile(filepath.Join(hosts, name, file))
				if err != nil {
					t.Fatal(err)
				}
				texts[i] = string(data)
			}
			checkGolden(t, name+"-save", describe(IPTablesSave(texts[0], texts[1])))
		})
	}
}

// notUnderstood are the rules with a step that dockwall does not know.
func notUnderstood(m *netfilter.Machine) []string {
	var rules []string
	for _, t := range m.Rules.Tables {
		for _, c := range t.Chains {
			for _, r := range c.Rules {
				for _, step := range r.Steps {
					undecided, is := step.(netfilter.Undecided)
					if _, unclear := step.(netfilter.Unclear); unclear || is && !undecided.Understood {
						rules = append(rules, r.Text)
					}
				}
			}
		}
	}
	return rules
}
