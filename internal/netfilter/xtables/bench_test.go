package xtables

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// manyRules is a save with rules of the kinds that hosts have most.
func manyRules(count int) string {
	var b strings.Builder
	b.WriteString("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:DOCKER-USER - [0:0]\n")
	for i := range count {
		a := fmt.Sprintf("10.%d.%d.%d/32", i>>16&255, i>>8&255, i&255)
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, "[12:720] -A DOCKER-USER -s %s -o docker0 -p tcp -m tcp --dport %d -j RETURN\n", a, i%65536)
		case 1:
			fmt.Fprintf(&b, "-A DOCKER-USER -d %s ! -i docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n", a)
		case 2:
			fmt.Fprintf(&b, "-A DOCKER-USER -s %s -p tcp -m multiport --dports 80,443,1000:2000 -m comment --comment \"rule %d\" -j DROP\n", a, i)
		default:
			fmt.Fprintf(&b, "-A DOCKER-USER -s %s -j DROP\n", a)
		}
	}
	b.WriteString("COMMIT\n")
	return b.String()
}

// The aim is less than a second for 100,000 rules.
func BenchmarkParse100000(b *testing.B) {
	text := manyRules(100_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if tables, unread := Parse(text, netfilter.IPv4, netfilter.XtablesNFT, nil); countRules(tables) != 100_000 || len(unread) > 0 {
			b.Fatalf("%d rules, unread %q", countRules(tables), unread)
		}
	}
}

func BenchmarkParseIPSet100000(b *testing.B) {
	var text strings.Builder
	text.WriteString("create many hash:net family inet hashsize 1024 maxelem 200000\n")
	for i := range 100_000 {
		fmt.Fprintf(&text, "add many 10.%d.%d.%d\n", i>>16&255, i>>8&255, i&255)
	}
	b.ReportAllocs()
	for b.Loop() {
		if sets, _ := ParseIPSet(text.String()); len(sets["many"].Elements) != 100_000 {
			b.Fatal("elements are missing")
		}
	}
}

// 100 MB of anything end, in memory that is a small multiple of the text's.
func TestGarbageIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const size = garbage
	noise := make([]byte, size)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for name, text := range map[string]func() string{
		"noise":        func() string { return string(noise) },
		"lines":        func() string { return strings.Repeat("x\n", size/2) },
		"one line":     func() string { return "*filter\n-A INPUT " + strings.Repeat("-f ", size/3) },
		"rules":        func() string { return "*filter\n:INPUT ACCEPT [0:0]\n" + strings.Repeat("-A INPUT -f -f\n", size/15) },
		"quotes":       func() string { return "*filter\n" + strings.Repeat("-A A \"\n", size/7) },
		"table starts": func() string { return strings.Repeat("*filter\n", size/8) },
		"elements":     func() string { return "create a hash:ip\n" + strings.Repeat("add a 1.1.1.1\n", size/14) },
		"holes": func() string {
			return "create a hash:net\n" + strings.Repeat("add a 1.1.1.0/24 nomatch\nadd a 1.1.1.1\n", size/39)
		},
	} {
		t.Run(name, func(t *testing.T) { checkBounded(t, text()) })
	}
}

func checkBounded(t *testing.T, text string) {
	before := heap()
	tables, _ := Parse(text, netfilter.IPv4, netfilter.XtablesNFT, nil)
	sets, _ := ParseIPSet(text)
	after := heap()
	used := after - min(before, after)
	if t.Logf("%d MB are kept", used>>20); used > 1<<30 {
		t.Errorf("that is more than 1 GB")
	}
	runtime.KeepAlive(tables)
	runtime.KeepAlive(sets)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
