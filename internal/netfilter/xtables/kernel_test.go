package xtables

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netlab"
)

// What the goldens say is what real tools print: the text of every construct goes into the kernel with both variants of
// iptables, comes back, and is read the same.
func TestRealTools(t *testing.T) {
	netlab.Need(t)
	for _, tool := range []string{"iptables", "ip6tables"} {
		for _, variant := range []string{"legacy", "nft"} {
			t.Run(tool+"-"+variant, func(t *testing.T) { roundTrip(t, tool, variant) })
		}
	}
}

func roundTrip(t *testing.T, tool, variant string) {
	file := map[string]string{"iptables": "constructs.save", "ip6tables": "constructs.ip6.save"}[tool]
	text, family := readFile(t, "testdata/"+file), familyOf(file)
	lab, err := netlab.New()
	if err != nil {
		t.Fatal(err)
	}
	defer lab.Close()
	ipset := run(t, lab, readFile(t, "testdata/constructs.ipset"), "ipset", "restore") + run(t, lab, "", "ipset", "save")
	run(t, lab, text, tool+"-"+variant+"-restore")
	saved := run(t, lab, "", tool+"-"+variant+"-save", "-c")
	if rules := strings.Count(text, "\n-A "); strings.Count(saved, "-A ") != rules || rules == 0 {
		t.Fatalf("%d rules went in, this came back:\n%s", rules, saved)
	}
	want, got := byTable(t, text, ipset, family), byTable(t, uncounted(saved), ipset, family)
	for name, table := range want {
		if got[name] != table {
			t.Errorf("table %s was read as\n%s\nand from the kernel as\n%s", name, table, got[name])
		}
	}
}

func run(t *testing.T, lab *netlab.Namespace, input, tool string, args ...string) string {
	t.Helper()
	text, err := lab.Run(context.Background(), input, tool, args...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// uncounted takes the counters from rules, and the packets that the lab's own traffic left at chains.
func uncounted(save string) string {
	save = regexp.MustCompile(`(?m)^\[\d+:\d+\] `).ReplaceAllString(save, "")
	return regexp.MustCompile(`(?m)^(:.*) \[\d+:\d+\]$`).ReplaceAllString(save, "$1 [0:0]")
}

func byTable(t *testing.T, save, ipset string, family netfilter.Family) map[string]string {
	sets, unread := ParseIPSet(ipset)
	if len(unread) > 0 {
		t.Errorf("unread of the sets: %q", unread)
	}
	tables, unread := Parse(save, family, netfilter.XtablesNFT, sets)
	if len(unread) > 0 && unread[0] != LegacyPresent {
		t.Errorf("unread: %q", unread)
	}
	texts := map[string]string{}
	for _, table := range tables {
		texts[table.Name] = netfilter.Format([]*netfilter.Table{table})
	}
	return texts
}
