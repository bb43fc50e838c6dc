package xtables

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// seed gives a fuzz target the files of testdata.
func seed(f *testing.F, pattern string) {
	files, err := filepath.Glob("testdata/" + pattern)
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds %s: %v", pattern, err)
	}
	for _, file := range files {
		f.Add(readIfThere(file))
	}
}

// Whatever the text: nothing crashes, every -A line of a table is one rule in its place, a rule's text read anew means the
// same, and what is not whole is said.
func FuzzParse(f *testing.F) {
	seed(f, "*.save")
	ipset := readIfThere("testdata/constructs.ipset")
	f.Fuzz(func(t *testing.T, text string) {
		for _, family := range []netfilter.Family{netfilter.IPv4, netfilter.IPv6} {
			sets, _ := ParseIPSet(ipset)
			tables, unread := Parse(text, family, netfilter.XtablesLegacy, sets)
			checkAccounted(t, text, tables, unread)
			tables, _ = Parse(saved(tables), family, netfilter.XtablesLegacy, sets) // now every chain stands before the rules
			again, _ := Parse(saved(tables), family, netfilter.XtablesLegacy, sets)
			if first, second := steps(tables, family), steps(again, family); first != second {
				t.Errorf("read once:\n%s\nand printed and read again:\n%s", first, second)
			}
		}
	})
}

// checkAccounted counts lines as simply as can be.
func checkAccounted(t *testing.T, text string, tables []*netfilter.Table, unread []string) {
	appended, open := 0, false
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "*"):
			open = true
		case line == "COMMIT":
			open = false
		case open && strings.HasPrefix(line, "-A ") && strings.TrimLeft(line[3:], " ") != "":
			appended++
		}
	}
	rules := rulesOf(tables)
	if plain := countUncounted(rules); plain != appended {
		t.Errorf("%d lines append a rule, %d rules without counters were read", appended, plain)
	}
	if open && len(unread) == 0 {
		t.Errorf("the text ends inside a table, and nothing is said of it")
	}
}

func countUncounted(rules []*netfilter.Rule) int {
	count := 0
	for _, r := range rules {
		if !r.Counted {
			count++
		}
	}
	return count
}

// saved prints tables as iptables-save does.
func saved(tables []*netfilter.Table) string {
	var b strings.Builder
	for _, table := range tables {
		b.WriteString("*" + table.Name + "\n")
		for _, c := range table.Chains {
			b.WriteString(":" + c.Name + " -\n")
		}
		for _, r := range rulesOf([]*netfilter.Table{table}) {
			b.WriteString("-A " + r.Chain.Name + " " + r.Text + "\n")
		}
		b.WriteString("COMMIT\n")
	}
	return b.String()
}

// steps is what the rules do, without their texts.
func steps(tables []*netfilter.Table, family netfilter.Family) string {
	var b strings.Builder
	for _, r := range rulesOf(tables) {
		b.WriteString(r.Chain.Name + ":")
		for _, step := range r.Steps {
			b.WriteString(" " + netfilter.FormatStep(step, family) + ";")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Whatever the text: nothing crashes, every element has a key of one shape, and lookups in the sets can be made.
func FuzzIPSet(f *testing.F) {
	seed(f, "*.ipset")
	f.Fuzz(func(t *testing.T, text string) {
		sets, _ := ParseIPSet(text)
		_ = netfilter.FormatSets(sets)
		for name, set := range sets {
			checkKeys(t, set)
			if strings.ContainsAny(name, "\"\\ \t\r") {
				continue
			}
			save := "*filter\n:INPUT ACCEPT\n-A INPUT -m set --match-set " + name + " src,dst,src -j DROP\nCOMMIT\n"
			Parse(save, netfilter.IPv4, netfilter.XtablesLegacy, sets)
			Parse(save, netfilter.IPv6, netfilter.XtablesLegacy, sets)
		}
	})
}

func checkKeys(t *testing.T, set *netfilter.Set) {
	for _, e := range set.Elements {
		if len(e.Key) != len(set.Elements[0].Key) {
			t.Errorf("set %s has keys of %d and of %d fields", set.Name, len(e.Key), len(set.Elements[0].Key))
		}
		for i, r := range e.Key {
			if r == nil && (i >= len(e.Interfaces) || e.Interfaces[i] == netfilter.InterfaceName{}) {
				t.Errorf("set %s has an element with nothing in place %d", set.Name, i+1)
			}
		}
	}
}
