package gate

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// benchPolicy is a policy with those ingress rules.
func benchPolicy(b *testing.B, rules []string) *policy.Policy {
	b.Helper()
	var text strings.Builder
	text.WriteString("version: 1\ningress:\n")
	for _, r := range rules {
		fmt.Fprintf(&text, "  - %s\n", r)
	}
	p, problems := policy.Parse("policy.yaml", []byte(text.String()))
	if err := problems.Err(); err != nil {
		b.Fatal(err)
	}
	return p
}

// benchHost has that many containers on one bridge, each with two published ports.
func benchHost(containers int) *host.Host {
	h := &host.Host{Networks: []host.Network{{Name: "bridge", Bridge: "docker0",
		Subnets: []netip.Prefix{netip.MustParsePrefix("172.17.0.0/16")}}}}
	for i := range containers {
		c := host.Container{ID: fmt.Sprintf("%064d", i), Name: fmt.Sprintf("c%d", i), Running: true}
		address := netip.AddrFrom4([4]byte{172, 17, byte(i / 250), byte(i%250 + 2)})
		c.Endpoints = []host.Endpoint{{Network: "bridge", IPv4: address}}
		for j, port := range []uint16{80, 443} {
			for _, a := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
				c.Publications = append(c.Publications, host.Publication{
					Protocol: host.TCP, HostAddress: a, HostPort: uint16(10000 + 2*i + j), ContainerPort: port})
			}
		}
		h.Containers = append(h.Containers, c)
	}
	return h
}

func benchCompile(b *testing.B, rules []string, containers int) {
	p, h := benchPolicy(b, rules), benchHost(containers)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(p, h); err != nil {
			b.Fatal(err)
		}
	}
}

func sentences(n int, format string) []string {
	rules := make([]string, n)
	for i := range rules {
		rules[i] = fmt.Sprintf(format, i)
	}
	return rules
}

func BenchmarkCompileDistinctPorts(b *testing.B) {
	rules := make([]string, 10000)
	for i := range rules {
		rules[i] = fmt.Sprintf("allow %d/tcp from 10.%d.%d.0/24", i+1, i/250, i%250)
	}
	benchCompile(b, rules, 10)
}

func BenchmarkCompileOnePort(b *testing.B) {
	rules := make([]string, 10000)
	for i := range rules {
		rules[i] = fmt.Sprintf("allow 8123/tcp from 10.%d.%d.0/24", i/250, i%250)
	}
	benchCompile(b, rules, 10)
}

func BenchmarkCompileContainers(b *testing.B) {
	b.Run("named", func(b *testing.B) { benchCompile(b, sentences(500, "allow tcp from 10.0.0.0/8 to c%d:80"), 500) })
	b.Run("network", func(b *testing.B) { benchCompile(b, []string{"allow tcp from 10.0.0.0/8 to network:bridge"}, 500) })
	b.Run("except", func(b *testing.B) { benchCompile(b, []string{"allow tcp from any to any except c7, c8:80"}, 500) })
}
