package gate

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// The tables' policies name these sets, and lets labels open ports to the office.
const tail = `
sets:
  office: ["192.168.0.0/24", "2001:db8:10::/64"]
  vpn: ["10.8.0.0/24"]
  nobody: []
labels: {within: office}
`

// parse is a policy with ingress and egress sentences, separated by ";", and the defaults given.
func parse(t testing.TB, h *host.Host, ingress, egress, defaults string) *policy.Policy {
	t.Helper()
	var text strings.Builder
	text.WriteString("version: 1\n")
	for _, section := range [][2]string{{"ingress", ingress}, {"egress", egress}} {
		text.WriteString(section[0] + ":\n")
		for sentence := range strings.SplitSeq(section[1], ";") {
			if sentence = strings.TrimSpace(sentence); sentence != "" {
				fmt.Fprintf(&text, "  - '%s'\n", sentence)
			}
		}
	}
	fmt.Fprintf(&text, "defaults: {%s}\n", defaults)
	text.WriteString(tail)
	p, problems := policy.Parse("policy.yaml", []byte(text.String()))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	p, _ = p.WithLabels(h)
	return p
}

// compile is the gate of ingress sentences on a host, with the defaults as they are.
func compile(t testing.TB, h *host.Host, ingress string) *Gate {
	t.Helper()
	return compileAll(t, h, ingress, "", "")
}

func compileAll(t testing.TB, h *host.Host, ingress, egress, defaults string) *Gate {
	t.Helper()
	g, err := Compile(parse(t, h, ingress, egress, defaults), h)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// shop is the tables' host:
//
//	web    172.18.0.2, fd00:18::2   -p 80:8080  -p 192.168.0.1:9000:9000
//	db     172.18.0.3               -p 15432:5432  -p 203.0.113.10:9000:9001
//	local  172.17.0.2               -p 127.0.0.1:9001:8123
func shop() *host.Host {
	return &host.Host{
		Networks: []host.Network{
			{Name: "bridge", Bridge: "docker0", Subnets: []netip.Prefix{netip.MustParsePrefix("172.17.0.0/16")}},
			{Name: "front", Bridge: "br-front",
				Subnets: []netip.Prefix{netip.MustParsePrefix("172.18.0.0/16"), netip.MustParsePrefix("fd00:18::/64")}},
		},
		Containers: []host.Container{
			container("web", "front", "172.18.0.2", "fd00:18::2", "0.0.0.0 80 8080", ":: 80 8080", "192.168.0.1 9000 9000"),
			container("db", "front", "172.18.0.3", "", "0.0.0.0 15432 5432", ":: 15432 5432", "203.0.113.10 9000 9001"),
			container("local", "bridge", "172.17.0.2", "", "127.0.0.1 9001 8123"),
		},
	}
}

// container is a running one. A publication is written "host-address host-port container-port", and is tcp.
func container(name, network, v4, v6 string, publications ...string) host.Container {
	c := host.Container{ID: "id-of-" + name, Name: name, Running: true, Labels: map[string]string{}}
	e := host.Endpoint{Network: network, IPv4: netip.MustParseAddr(v4)}
	if v6 != "" {
		e.IPv6 = netip.MustParseAddr(v6)
	}
	c.Endpoints = []host.Endpoint{e}
	for _, text := range publications {
		p, address := host.Publication{Protocol: host.TCP}, ""
		if _, err := fmt.Sscan(text, &address, &p.HostPort, &p.ContainerPort); err != nil {
			panic(err)
		}
		p.HostAddress = netip.MustParseAddr(address)
		c.Publications = append(c.Publications, p)
	}
	return c
}

// The tables write tuples as "client > dialled port > answering port"; the last may be missing where it is the dialled.
func tuple(t testing.TB, way Way, protocol host.Protocol, text string) Tuple {
	t.Helper()
	parts := strings.Split(text, " > ")
	if len(parts) == 2 {
		parts = append(parts, parts[1])
	}
	tuple := Tuple{Way: way, Protocol: protocol, Client: netip.MustParseAddr(parts[0]), Interface: "eno1"}
	tuple.Dialled, tuple.DialledPort = addressPort(parts[1])
	tuple.Answering, tuple.AnsweringPort = addressPort(parts[2])
	return tuple
}

func addressPort(text string) (address netip.Addr, port uint16) {
	word, number, _ := strings.Cut(text, " ")
	fmt.Sscan(number, &port)
	return netip.MustParseAddr(word), port
}

// judgement is a verdict in one word.
func judgement(v Verdict) string {
	switch {
	case !v.Judged:
		return "untouched"
	case v.Allowed:
		return "allowed"
	}
	return "refused"
}
