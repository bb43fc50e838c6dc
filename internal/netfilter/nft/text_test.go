package nft

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// recorded is a listing: what nft -j printed (.json), and what nft printed (.txt).
type recorded struct{ name, path string }

// recordings are those in testdata and those of the recorded hosts.
func recordings(t testing.TB) []recorded {
	t.Helper()
	var list []recorded
	for _, pattern := range []string{"testdata/*.json", "../../host/testdata/hosts/*/nft.json"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no listings %s: %v", pattern, err)
		}
		for _, path := range paths {
			name := strings.TrimSuffix(filepath.Base(path), ".json")
			if name == "nft" {
				name = filepath.Base(filepath.Dir(path))
			}
			list = append(list, recorded{name, strings.TrimSuffix(path, ".json")})
		}
	}
	return list
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var counters = regexp.MustCompile(` ?counter packets \d+ bytes \d+`)

// rulesOf are the rules of a text listing, without counters, in its order.
func rulesOf(listing string) []string {
	var rules []string
	inChain := false
	for line := range strings.Lines(listing) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "chain "):
			inChain = true
		case line == "}":
			inChain = false
		case inChain && line != "" && !strings.HasPrefix(line, "type "):
			line = strings.TrimPrefix(counters.ReplaceAllString(line, ""), " ")
			rules = append(rules, strings.TrimSpace(strings.TrimSuffix(line, " # handle")))
		}
	}
	return rules
}

// Every rule's text is what nft itself prints, to the byte; but for iptables' extensions, which only its text translates.
func TestTextIsNfts(t *testing.T) {
	for _, l := range recordings(t) {
		t.Run(l.name, func(t *testing.T) {
			tables, _ := Parse(read(t, l.path+".json"))
			compareTexts(t, tables, string(read(t, l.path+".txt")))
		})
	}
}

func compareTexts(t *testing.T, tables []*netfilter.Table, listing string) {
	t.Helper()
	want := rulesOf(listing)
	var got []string
	eachRule(tables, func(r *netfilter.Rule) { got = append(got, r.Text) })
	if len(got) != len(want) {
		t.Fatalf("%d rules, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] && !strings.Contains(got[i], `xt match "`) && !strings.Contains(got[i], `xt target "`) {
			t.Errorf("rule %d:\n got %s\nwant %s", i, got[i], want[i])
		}
	}
}

func eachRule(tables []*netfilter.Table, do func(*netfilter.Rule)) {
	for _, table := range tables {
		for _, chain := range table.Chains {
			for _, rule := range chain.Rules {
				do(rule)
			}
		}
	}
}
