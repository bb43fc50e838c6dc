package policy

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
)

// largePolicy is a policy file with so many rules, some with comments and in quotes.
func largePolicy(rules int) []byte {
	var b strings.Builder
	b.WriteString("version: 1\nsets:\n  office: [192.168.0.0/24]\ningress:\n")
	for i := range rules {
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, "  - allow %d/tcp from 10.%d.%d.0/24   # customer %d\n", i%65535+1, i/256%256, i%256, i)
		case 1:
			fmt.Fprintf(&b, "  - allow %d,443/tcp 443/udp from office,2001:db8:%x::/48 to shop/web%d\n", i%65535+1, i%65536, i)
		case 2:
			fmt.Fprintf(&b, "  - \"deny all from 198.51.%d.%d\"\n", i/256%256, i%256)
		case 3:
			fmt.Fprintf(&b, "  - allow tcp from office except 192.168.0.%d to label:customer=%d:5432\n", i%256, i)
		}
	}
	return []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	for _, rules := range []int{1000, 10000, 100000} {
		data := largePolicy(rules)
		b.Run(fmt.Sprint(rules), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if p, problems := Parse("policy.yaml", data); p == nil || len(p.Ingress) != rules {
					b.Fatal(problems)
				}
			}
		})
	}
}

func BenchmarkDecide(b *testing.B) {
	p, problems := Parse("policy.yaml", largePolicy(10000))
	if p == nil {
		b.Fatal(problems)
	}
	h := testHost()
	address := h.Interfaces[1].Addresses[0].Addr()
	c := Conversation{In: "eno1", Source: address, Destination: address, Protocol: host.TCP, Port: 8123}
	for b.Loop() {
		Decide(p, h, c)
	}
}

// BenchmarkSetFile reads a set file of 100 MB, and says how much memory its addresses keep.
func BenchmarkSetFile(b *testing.B) {
	name := b.TempDir() + "/set.txt"
	var text strings.Builder
	for i := 0; text.Len() < 100<<20; i++ {
		fmt.Fprintf(&text, "%d.%d.%d.%d\n", 1+i>>24, i>>16&255, i>>8&255, i&255)
	}
	if err := os.WriteFile(name, []byte(text.String()), 0o644); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		f, err := os.Open(name)
		if err != nil {
			b.Fatal(err)
		}
		ranges, problems, err := readSet(name, f)
		if err != nil || len(problems) > 0 {
			b.Fatal(problems, err)
		}
		b.ReportMetric(float64(len(ranges)), "addresses")
		f.Close()
	}
}
