package policy

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
)

// testHost is the host of this package's tests: two links and a VPN outside, two Docker bridges, a compose project, a
// sidecar, a container on the host's network, one that does not run, a macvlan network, and a swarm service.
func testHost() *host.Host {
	return &host.Host{
		Engine: &host.Engine{Version: "28.5.2"},
		Interfaces: []host.Interface{
			{Name: "lo", Loopback: true, Up: true, Addresses: prefixes("127.0.0.1/8 ::1/128")},
			{Name: "eno1", Up: true, Addresses: prefixes("192.168.0.10/24 203.0.113.10/24 2001:db8:10::10/64 fe80::10/64")},
			{Name: "eno2", Up: true, Addresses: prefixes("203.0.113.129/25")},
			{Name: "wg0", Up: true, Addresses: prefixes("10.8.0.1/24")},
			{Name: "docker0", Up: true, Addresses: prefixes("172.17.0.1/16 fe80::17/64")},
			{Name: "br-shop", Up: true, Addresses: prefixes("172.18.0.1/16 fd00:18::1/64 fe80::18/64")},
		},
		Routes: []host.Route{
			{Destination: netip.MustParsePrefix("192.168.0.0/24"), Interface: "eno1"},
			{Destination: netip.MustParsePrefix("203.0.113.128/25"), Interface: "eno2"},
			{Destination: netip.MustParsePrefix("10.8.0.0/24"), Interface: "wg0"},
			{Destination: netip.MustParsePrefix("172.17.0.0/16"), Interface: "docker0"},
			{Destination: netip.MustParsePrefix("172.18.0.0/16"), Interface: "br-shop"},
			{Destination: netip.MustParsePrefix("fe80::/64"), Interface: "docker0"},
			{Destination: netip.MustParsePrefix("fe80::/64"), Interface: "eno1"},
			{Destination: netip.MustParsePrefix("fd00:18::/64"), Interface: "br-shop"},
			{Destination: netip.MustParsePrefix("0.0.0.0/0"), Gateway: netip.MustParseAddr("203.0.113.1"), Interface: "eno1"},
			{Destination: netip.MustParsePrefix("0.0.0.0/0"), Gateway: netip.MustParseAddr("203.0.113.254"), Interface: "eno2"},
		},
		Networks: []host.Network{
			{Name: "bridge", Driver: "bridge", Bridge: "docker0", Subnets: prefixes("172.17.0.0/16")},
			{Name: "shop", Driver: "bridge", Bridge: "br-shop", Subnets: prefixes("172.18.0.0/16 fd00:18::/64")},
			{Name: "lan", Driver: "macvlan", Subnets: prefixes("192.168.0.0/24")},
		},
		Containers: []host.Container{
			{ID: "c1", Name: "clickhouse", Running: true, Labels: map[string]string{"role": "db", "tier": "back"},
				Endpoints: endpoints("bridge 172.17.0.2"), Publications: publications("8123:8123/tcp 9000:9000/tcp")},
			{ID: "c2", Name: "nginx", Running: true, Endpoints: endpoints("bridge 172.17.0.3"),
				Publications: publications("7777:80/tcp 7777:80/udp")},
			{ID: "c3", Name: "shop-web-1", Project: "shop", Service: "web", Running: true,
				Endpoints:    endpoints("shop 172.18.0.2 fd00:18::2"),
				Publications: publications("80:80/tcp 443:443/tcp 443:443/udp")},
			{ID: "c4", Name: "shop-db-1", Project: "shop", Service: "db", Running: true, Labels: map[string]string{"role": "db"},
				Endpoints:    endpoints("shop 172.18.0.3 fd00:18::3"),
				Publications: publications("127.0.0.1:5432:5432/tcp 203.0.113.10:15432:5432/tcp")},
			{ID: "c5", Name: "sidecar", Running: true, SharesNetwork: "c3", Labels: map[string]string{"role": "proxy"}},
			{ID: "c6", Name: "monitor", Running: true, HostNetwork: true},
			{ID: "c7", Name: "old", Endpoints: endpoints("bridge 172.17.0.9"), Publications: publications("9999:9999/tcp")},
			{ID: "c8", Name: "stopped-sidecar", SharesNetwork: "c3", Labels: map[string]string{"role": "stopped"}},
			{ID: "c9", Name: "camera", Running: true, Endpoints: endpoints("lan 192.168.0.200")},
			{ID: "c10", Name: "stack_worker.1.x7", Service: "stack_worker", Running: true,
				Endpoints: endpoints("bridge 172.17.0.10")},
		},
		Services: []host.Service{{Name: "stack_api", Protocol: host.TCP, HostPort: 8080, ContainerPort: 80}},
	}
}

func prefixes(text string) []netip.Prefix {
	var all []netip.Prefix
	for word := range strings.FieldsSeq(text) {
		all = append(all, netip.MustParsePrefix(word))
	}
	return all
}

// endpoints is one endpoint: a network, an IPv4 address and perhaps an IPv6 address.
func endpoints(text string) []host.Endpoint {
	words := strings.Fields(text)
	e := host.Endpoint{Network: words[0], IPv4: netip.MustParseAddr(words[1])}
	if len(words) > 2 {
		e.IPv6 = netip.MustParseAddr(words[2])
	}
	return []host.Endpoint{e}
}

// publications reads "[IPv4:]host port:container port/protocol"; without an address it is both families' every address.
func publications(text string) []host.Publication {
	var all []host.Publication
	for word := range strings.FieldsSeq(text) {
		ports, name, _ := strings.Cut(word, "/")
		protocol, err := host.ParseProtocol(name)
		if err != nil {
			panic(err)
		}
		p := host.Publication{Protocol: protocol}
		addresses := []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
		if strings.Count(ports, ":") == 2 {
			text, rest, _ := strings.Cut(ports, ":")
			addresses, ports = []netip.Addr{netip.MustParseAddr(text)}, rest
		}
		if _, err := fmt.Sscanf(ports, "%d:%d", &p.HostPort, &p.ContainerPort); err != nil {
			panic(err)
		}
		for _, p.HostAddress = range addresses {
			all = append(all, p)
		}
	}
	return all
}

// testSets are the sets that sentences in tests may name.
const testSets = `version: 1
sets:
  office: [192.168.0.0/24, "2001:db8:10::/48"]
  vpn: [10.8.0.0/24]
  nobody: []
labels: {within: office}
`

// policyOf makes a policy of sentences between semicolons; those that begin with "egress:" are of egress.
func policyOf(t testing.TB, sentences string) *Policy {
	t.Helper()
	text := [2]string{Ingress: "ingress:\n", Egress: "egress:\n"}
	for sentence := range strings.SplitSeq(sentences, ";") {
		sentence = strings.TrimSpace(sentence)
		section := Ingress
		if rest, ok := strings.CutPrefix(sentence, "egress:"); ok {
			section, sentence = Egress, strings.TrimSpace(rest)
		}
		if sentence != "" {
			text[section] += fmt.Sprintf("  - %q\n", sentence)
		}
	}
	p, problems := Parse("policy.yaml", []byte(testSets+text[Ingress]+text[Egress]))
	if len(problems) > 0 {
		t.Fatalf("policy %q:\n%s", sentences, problems.Caret())
	}
	return p
}
