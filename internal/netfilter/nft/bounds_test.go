package nft

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// 100 MB of what could be a listing, and is none, stay below 1.5 GB of memory in all, and end.
func TestGarbageIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 100 MB several times")
	}
	const size = garbage
	head := `{"nftables": [{"table": {"family": "inet", "name": "t"}}, {"chain": {"family": "inet", "table": "t", "name": "c"}}, `
	for name, unit := range map[string][3]string{
		"elements":   {head + `{"set": {"family": "inet", "table": "t", "name": "s", "type": "inet_service", "elem": [1`, ",1", "]}}]}"},
		"statements": {head + `{"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [0`, ",0", "]}}]}"},
		"one value":  {head + `{"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [[0`, ",0", "]]}}]}"},
		"rules":      {head + `{"rule": {}}`, `,{"rule": {}}`, "]}"},
		"chains":     {head + `{"chain": {}}`, `,{"chain": {}}`, "]}"},
		"brackets":   {"", "[", ""},
		"a string":   {`{"nftables": ["`, "x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			json := []byte(unit[0] + strings.Repeat(unit[1], size/len(unit[1])) + unit[2])
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			tables, unread := Parse(json)
			runtime.ReadMemStats(&after)
			if len(unread) == 0 && !strings.Contains(netfilter.Format(tables), "un") {
				t.Error("nothing is said to be unread or unclear")
			}
			if grown := after.HeapAlloc - before.HeapAlloc; after.HeapAlloc > before.HeapAlloc && grown > 1500<<20 {
				t.Errorf("the heap grew by %d MB", grown>>20)
			}
			runtime.KeepAlive(tables)
			t.Logf("%d MB allocated in all", (after.TotalAlloc-before.TotalAlloc)>>20)
		})
	}
}

// ruleset is a listing with a set of as many elements and a chain of as many rules.
func ruleset(elements, rules int) []byte {
	var b strings.Builder
	b.WriteString(`{"nftables": [{"table": {"family": "inet", "name": "t", "handle": 1}}, {"set": {"family": "inet", "name": "s", ` +
		`"table": "t", "type": "ipv4_addr", "handle": 2, "flags": ["interval"], "elem": ["0.0.0.1"`)
	for i := range elements {
		fmt.Fprintf(&b, `, {"prefix": {"addr": "%d.%d.%d.0", "len": 24}}`, 10+i>>16, i>>8&255, i&255)
	}
	b.WriteString(`]}}, {"chain": {"family": "inet", "table": "t", "name": "c", "handle": 3}}`)
	for i := range rules {
		fmt.Fprintf(&b, `, {"rule": {"family": "inet", "table": "t", "chain": "c", "handle": %d, "comment": "rule %d", "expr": [`+
			`{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"prefix": {"addr": "10.%d.%d.0", "len": 24}}}}, `+
			`{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": %d}}, `+
			`{"counter": {"packets": 0, "bytes": 0}}, {"accept": null}]}}`, i+4, i, i>>8&255, i&255, 1+i%65535)
	}
	b.WriteString("]}")
	return []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	for name, json := range map[string][]byte{"rules=100000": ruleset(0, 100000), "elements=100000": ruleset(100000, 0)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(json)))
			b.ReportAllocs()
			for b.Loop() {
				if _, unread := Parse(json); len(unread) > 0 {
					b.Fatal(unread)
				}
			}
		})
	}
}
