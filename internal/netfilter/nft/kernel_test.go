package nft

import (
	"context"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netlab"
)

// Whole rulesets of other programs and of dockwall, as this machine's kernel and nft list them now: what was recorded is
// still what is listed, and the texts are still nft's.
func TestKernelListsWhatWasRecorded(t *testing.T) {
	netlab.Need(t)
	for _, name := range []string{"server", "fail2ban", "tailscale", "firewalld", "dockwall"} {
		t.Run(name, func(t *testing.T) {
			tables, text := list(t, string(read(t, "testdata/"+name+".txt")))
			checkGolden(t, name, netfilter.Format(tables))
			compareTexts(t, tables, text)
		})
	}
}

// list loads a ruleset into a namespace of its own, and gives what is read of its listing and the listing in text.
func list(t *testing.T, ruleset string) ([]*netfilter.Table, string) {
	t.Helper()
	n, err := netlab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	nft := func(input string, args ...string) string {
		out, err := n.Run(context.Background(), input, "nft", args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	nft(ruleset, "-f", "-")
	tables, unread := Parse([]byte(nft("", "-j", "list", "ruleset")))
	if len(unread) > 0 {
		t.Errorf("unread: %q", unread)
	}
	return tables, nft("", "list", "ruleset")
}

// An element is looked for before the rule goes on: without one the kernel ends the rule, whatever stands behind the map.
func TestKernelTakesStatementsBehindAMap(t *testing.T) {
	netlab.Need(t)
	tables, text := list(t, `table inet t {
		chain c {
			type filter hook input priority 0;
			tcp dport vmap { 80 : drop, 443 : continue } accept
		}
	}`)
	compareTexts(t, tables, text)
	steps := tables[0].Chains[0].Rules[0].Steps
	if len(steps) != 4 {
		t.Fatalf("%d steps %v, want protocol, lookup, map and accept", len(steps), steps)
	}
	if _, ok := steps[1].(netfilter.Lookup); !ok {
		t.Errorf("step 2 is %T, want a Lookup", steps[1])
	}
}
