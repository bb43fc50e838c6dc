package nft

import (
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Whatever the text is: no crash, no hang, and each rule that is there has its place.
func FuzzParse(f *testing.F) {
	for _, l := range recordings(f) {
		f.Add(read(f, l.path+".json"))
	}
	for _, s := range []string{``, `{`, `[]`, `{"nftables": [{"rule": {}}]}`, `{"nftables": [{"set": {"elem": [[[[`, `{"nftables": "\ud800"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, json []byte) { checkPlaces(t, json) })
}

func checkPlaces(t interface{ Fatalf(string, ...any) }, json []byte) {
	tables, _ := Parse(json)
	for _, table := range tables {
		for _, chain := range table.Chains {
			for i, rule := range chain.Rules {
				if rule.Chain != chain || rule.Number != i+1 {
					t.Fatalf("rule %q is number %d of its chain, want %d", rule.Text, rule.Number, i+1)
				}
			}
		}
	}
	_ = netfilter.Format(tables)
}

// The same for listings that were damaged in a few places, which a fuzzer without knowledge of JSON seldom finds.
func TestDamagedListings(t *testing.T) {
	all := recordings(t)
	rapid.Check(t, func(t *rapid.T) {
		json := slices.Clone(recordedJSON(all, rapid.IntRange(0, len(all)-1).Draw(t, "listing")))
		for range rapid.IntRange(1, 20).Draw(t, "damages") {
			at := rapid.IntRange(0, len(json)-1).Draw(t, "at")
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				json[at] = rapid.SampledFrom([]byte(`{}[],:"0@*\`)).Draw(t, "byte")
			case 1: // a piece is lost
				json = append(json[:at], json[min(len(json)-1, at+rapid.IntRange(1, 60).Draw(t, "length")):]...)
			case 2: // a piece stands in another's place
				from := rapid.IntRange(0, len(json)-1).Draw(t, "from")
				length := min(len(json)-max(at, from), rapid.IntRange(1, 200).Draw(t, "length"))
				copy(json[at:at+length], slices.Clone(json[from:from+length]))
			}
		}
		checkPlaces(t, json)
	})
}

func recordedJSON(all []recorded, i int) []byte {
	data, err := os.ReadFile(all[i].path + ".json")
	if err != nil {
		panic(err)
	}
	return data
}

// What is not a listing, or not a whole one, is said.
func TestUnread(t *testing.T) {
	const table = `{"table": {"family": "inet", "name": "t", "handle": 1}}`
	const chain = `{"chain": {"family": "inet", "table": "t", "name": "c", "handle": 1}}`
	for name, test := range map[string]struct{ json, want string }{
		"no JSON":         {`table inet t {`, "cannot be read to its end"},
		"no listing":      {`{"metainfo": {}}`, `there is no "nftables" in it`},
		"cut off":         {`{"nftables": [` + table, "cannot be read to its end"},
		"unknown family":  {`{"nftables": [{"table": {"family": "osi", "name": "t"}}]}`, `"osi" is no family of nftables`},
		"unknown hook":    {`{"nftables": [` + table + `, {"chain": {"family": "inet", "table": "t", "name": "c", "hook": "teatime"}}]}`, "teatime"},
		"unknown prio":    {`{"nftables": [` + table + `, {"chain": {"family": "inet", "table": "t", "name": "c", "type": "filter", "hook": "input", "prio": "x"}}]}`, `priority "x"`},
		"unknown type":    {`{"nftables": [` + table + `, {"chain": {"family": "inet", "table": "t", "name": "c", "type": "new", "hook": "input", "prio": 0}}]}`, `type "new"`},
		"no table":        {`{"nftables": [` + chain + `]}`, "there is no table inet t"},
		"no chain":        {`{"nftables": [` + table + `, {"rule": {"family": "inet", "table": "t", "chain": "c", "expr": []}}]}`, "there is no such chain"},
		"set, no table":   {`{"nftables": [{"set": {"family": "inet", "table": "t", "name": "s", "elem": [1]}}]}`, "the set s is not read"},
		"twice":           {`{"nftables": [` + table + `, ` + table + `, ` + chain + `, ` + chain + `]}`, "twice"},
		"unknown flag":    {`{"nftables": [{"table": {"family": "ip", "name": "foo", "flags": "foo"}}]}`, "whether the table ip foo is dormant"},
		"rule cut off":    {`{"nftables": [` + table + `, ` + chain + `, {"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [{"accept"`, "cannot be read to its end"},
		"too deep":        {`{"nftables": [{"table": ` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}]}`, "too large"},
		"an unknown word": {`{"nftables": [{"table": tru}]}`, "stands no value"},
	} {
		t.Run(name, func(t *testing.T) {
			_, unread := Parse([]byte(test.json))
			if !strings.Contains(strings.Join(unread, "\n"), test.want) {
				t.Errorf("unread %q, want %q in it", unread, test.want)
			}
		})
	}
}

// What is not understood stands in its rule, with its words.
func TestNotUnderstood(t *testing.T) {
	for name, test := range map[string]struct{ statement, want string }{
		"statement":    {`{"teleport": {"to": "mars"}}`, `unclear "{\"teleport\": {\"to\": \"mars\"}}"`},
		"no statement": {`[1, true, null]`, `unclear "[1, true, null]"`},
		"expression":   {`{"match": {"op": "==", "left": {"moon": {"key": "phase"}}, "right": "full"}}`, `undecided, not understood, "moon phase full"`},
		"operator":     {`{"match": {"op": "~", "left": {"meta": {"key": "mark"}}, "right": 1}}`, `undecided, not understood, "meta mark ~ 0x00000001"`},
		"value":        {`{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": "http"}}`, `undecided, not understood, "tcp dport http"`},
		"named set":    {`{"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": "@gone"}}`, `undecided, not understood, "meta mark @gone"`},
		"named map":    {`{"vmap": {"key": {"meta": {"key": "mark"}}, "data": "@gone"}}`, `unclear "meta mark vmap @gone"`},
		"jump":         {`{"jump": {"target": "gone"}}`, `unclear "jump gone": there is no such chain`},
		"map of jumps": {`{"vmap": {"key": {"meta": {"key": "mark"}}, "data": {"set": [[1, {"goto": {"target": "gone"}}]]}}}`, "mark leads as in"},
		"wrong set":    {`{"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": "@names"}}`, `undecided, not understood, "meta mark @names"`},
		"wrong fields": {`{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "@ports"}}`, `undecided, not understood, "iifname @ports"`},
		"no map":       {`{"vmap": {"key": {"payload": {"protocol": "tcp", "field": "dport"}}, "data": "@ports"}}`, `unclear "tcp dport vmap @ports"`},
		"nat":          {`{"dnat": {"addr": {"sky": 1}}}`, `unclear "dnat to {\"sky\": 1}"`},
		"mark":         {`{"mangle": {"key": {"meta": {"key": "mark"}}, "value": {"moon": 1}}}`, `unclear "meta mark set moon"`},
		"flowtable":    {`{"flow": {"op": "add", "flowtable": "@f"}}`, `undecided "flow add @f"`},
		"tproxy":       {`{"tproxy": {"family": "ip", "addr": "127.0.0.1", "port": 3128}}`, `unclear "tproxy ip to 127.0.0.1:3128"`},
		"queue":        {`{"queue": {"num": {"range": [1, 3]}, "flags": ["bypass", "fanout"]}}`, "queue"},
	} {
		t.Run(name, func(t *testing.T) {
			tables, unread := Parse([]byte(`{"nftables": [{"table": {"family": "inet", "name": "t"}},
				{"chain": {"family": "inet", "table": "t", "name": "c"}},
				{"set": {"family": "inet", "table": "t", "name": "names", "type": "ifname", "elem": ["lo"]}},
				{"set": {"family": "inet", "table": "t", "name": "ports", "type": "inet_service", "elem": [80]}},
				{"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [` + test.statement + `]}}]}`))
			if got := netfilter.Format(tables); !strings.Contains(got, test.want) || len(unread) > 0 {
				t.Errorf("unread %q, got\n%swant %s in it", unread, got, test.want)
			}
		})
	}
}
