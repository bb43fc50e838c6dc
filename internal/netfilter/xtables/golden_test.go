package xtables

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
)

var update = flag.Bool("update", false, "write the goldens anew")

// Every save in testdata is read as its golden says; ip6 in a file's name means IPv6, and NAME.ipset has its sets.
func TestGoldens(t *testing.T) {
	files, err := filepath.Glob("testdata/*.save")
	if err != nil || len(files) == 0 {
		t.Fatalf("no saves in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			base := strings.TrimSuffix(file, ".save")
			compare(t, base+".golden", described(readFile(t, file), readIfThere(base+".ipset"), familyOf(file)))
		})
	}
}

func familyOf(file string) netfilter.Family {
	if strings.Contains(filepath.Base(file), "ip6") {
		return netfilter.IPv6
	}
	return netfilter.IPv4
}

// described is all that is read of a save and of its sets.
func described(save, ipset string, family netfilter.Family) string {
	sets, unreadSets := ParseIPSet(ipset)
	tables, unread := Parse(save, family, netfilter.XtablesNFT, sets)
	text := netfilter.Format(tables) + netfilter.FormatSets(sets)
	for _, sentence := range append(unread, unreadSets...) {
		text += "unread: " + sentence + "\n"
	}
	return text
}

func compare(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := readFile(t, golden); got != want {
		t.Errorf("%s differs (go test -update writes it anew); got:\n%s", golden, got)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func readIfThere(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}

// Of the recorded hosts everything is understood, and every rule is kept.
func TestRecordedHosts(t *testing.T) {
	hosts, err := filepath.Glob("../../host/testdata/hosts/*")
	if err != nil || len(hosts) == 0 {
		t.Fatalf("no recorded hosts: %v", err)
	}
	for _, host := range hosts {
		for _, name := range []string{"iptables-save.txt", "ip6tables-save.txt"} {
			t.Run(filepath.Base(host)+"/"+name, func(t *testing.T) {
				text := readIfThere(filepath.Join(host, name))
				sets := hostSets()
				tables, unread := Parse(text, familyOf(name), netfilter.XtablesNFT, sets)
				checkUnderstood(t, tables)
				if count := strings.Count(text, "-A "); countRules(tables) != count || len(unread) > 0 {
					t.Errorf("%d rules of %d, unread: %q", countRules(tables), count, unread)
				}
			})
		}
	}
}

// hostSets are the sets that Docker 28 makes.
func hostSets() map[string]*netfilter.Set {
	sets, _ := ParseIPSet("create docker-ext-bridges-v4 hash:net family inet\nadd docker-ext-bridges-v4 172.17.0.0/16\n" +
		"create docker-ext-bridges-v6 hash:net family inet6\n")
	return sets
}

func countRules(tables []*netfilter.Table) int {
	count := 0
	for _, table := range tables {
		for _, chain := range table.Chains {
			count += len(chain.Rules)
		}
	}
	return count
}

// checkUnderstood fails for every step that the parser did not understand.
func checkUnderstood(t *testing.T, tables []*netfilter.Table) {
	t.Helper()
	for _, rule := range rulesOf(tables) {
		for _, step := range rule.Steps {
			switch s := step.(type) {
			case netfilter.Undecided:
				if !s.Understood {
					t.Errorf("%s %q: %s", rule, rule.Text, s.Reason)
				}
			case netfilter.Unclear:
				t.Errorf("%s %q: %s", rule, rule.Text, s.Reason)
			}
		}
	}
}

func rulesOf(tables []*netfilter.Table) []*netfilter.Rule {
	var rules []*netfilter.Rule
	for _, table := range tables {
		for _, chain := range table.Chains {
			rules = append(rules, chain.Rules...)
		}
	}
	return rules
}

// Dockwall's own rules are understood to the last word, in the text that is given to the tools.
func TestOwnRules(t *testing.T) {
	parts := strings.Split(readFile(t, "../../iptables/testdata/sample.txt"), "\n# ")
	sets, unread := ParseIPSet(parts[0])
	for _, part := range parts[1:] {
		name, text, _ := strings.Cut(part, "\n")
		text = strings.ReplaceAll(text, "\n-I ", "\n-A ") // the jumps from built-in chains; a save has them as -A
		tables, more := Parse(text, familyOf(name), netfilter.XtablesNFT, sets)
		checkUnderstood(t, tables)
		if count := strings.Count(text, "-A "); countRules(tables) != count || count == 0 {
			t.Errorf("%s: %d rules of %d", name, countRules(tables), count)
		}
		unread = append(unread, more...)
		for _, rule := range rulesOf(tables) {
			checkKnownSets(t, rule)
		}
	}
	unread = slices.DeleteFunc(unread, func(sentence string) bool { return strings.HasSuffix(sentence, "was not declared") })
	if len(parts) < 3 || len(unread) > 0 {
		t.Errorf("%d parts, unread: %q", len(parts), unread)
	}
}

func checkKnownSets(t *testing.T, rule *netfilter.Rule) {
	for _, step := range rule.Steps {
		if u, ok := step.(netfilter.Undecided); ok && strings.Contains(u.Text, "match-set") {
			t.Errorf("%s: %s", rule, u.Reason)
		}
	}
}
