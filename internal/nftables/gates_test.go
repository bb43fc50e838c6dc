package nftables

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// Gates by hand, in few words.

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func newBackend() *Backend { return New(Options{Now: func() time.Time { return noon }}) }

// addresses is the set of the addresses, prefixes and ranges. Its ID depends on its name alone.
func addresses(name string, texts ...string) gate.AddressSet {
	var b netipx.IPSetBuilder
	for _, text := range texts {
		b.AddRange(parseRange(text))
	}
	s, err := b.IPSet()
	if err != nil {
		panic(err)
	}
	return gate.AddressSet{ID: digest(12, name), Name: name, Ranges: s.Ranges()}
}

func parseRange(text string) netipx.IPRange {
	if strings.Contains(text, "-") {
		return netipx.MustParseIPRange(text)
	}
	if !strings.Contains(text, "/") {
		a := netip.MustParseAddr(text)
		return netipx.IPRangeFrom(a, a)
	}
	return netipx.RangeOfPrefix(netip.MustParsePrefix(text))
}

func digest(digits int, text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:digits]
}

// ref is the reference to a rule in line n of policy.yaml.
func ref(n int, sentence string) gate.RuleRef {
	position := policy.Position{File: "policy.yaml", Line: n, Column: 5}
	return gate.RuleRef{Position: position, Sentence: sentence, Hash: digest(8, sentence)}
}

// line is a line of the gate for the rule that the sentence is.
func line(n int, sentence string, client gate.AddressSet) gate.Line {
	action := policy.Deny
	if strings.HasPrefix(sentence, "allow") {
		action = policy.Allow
	}
	return gate.Line{Action: action, Client: client, Rule: ref(n, sentence)}
}

func chainOf(lines ...gate.Line) *gate.Chain {
	return &gate.Chain{ID: digest(12, fmt.Sprintf("%v", lines)), Lines: lines}
}

func tcp(first, last uint16, c *gate.Chain) gate.Segment {
	return gate.Segment{Protocol: host.TCP, First: first, Last: last, Chain: c}
}
func udp(first, last uint16, c *gate.Chain) gate.Segment {
	return gate.Segment{Protocol: host.UDP, First: first, Last: last, Chain: c}
}

// closed is a family that nothing judges but the default of ingress.
func closed() gate.Family {
	return gate.Family{
		Ingress: gate.Dispatch{Default: policy.Deny},
		Local:   gate.Dispatch{Default: policy.Deny},
		Egress:  gate.Dispatch{Default: policy.Allow},
	}
}

// recipe is the policy of a small host: one port for the office, one for everyone.
func recipe() *gate.Gate {
	office := line(3, "allow 8123/tcp from office", addresses("office", "192.168.0.0/24"))
	everyone := line(4, "allow 6379/tcp from any", gate.AddressSet{})
	g := &gate.Gate{Bridges: []string{"br-shop", "docker0"}, IPv4: closed(), IPv6: closed()}
	g.IPv4.Ingress.Segments = []gate.Segment{tcp(6379, 6379, chainOf(everyone)), tcp(8123, 8123, chainOf(office))}
	g.IPv6.Ingress.Segments = []gate.Segment{tcp(6379, 6379, chainOf(everyone))}
	g.IPv4.Local.Segments = g.IPv4.Ingress.Segments
	g.IPv6.Local.Segments = []gate.Segment{tcp(6379, 6379, chainOf(everyone)), tcp(8123, 8123, chainOf())}
	return g
}

// manyBridges are so many that they are a set.
var manyBridges = []string{"br-a", "br-b", "br-c", "docker0"}

// everything is a gate with whatever a gate can have.
func everything() *gate.Gate {
	office := addresses("office", "192.168.0.0/24", "10.1.0.7-10.1.0.9")
	allow := line(1, "allow 53 from office", office)
	named := line(2, "allow 5432/tcp from office to shop/db:5432", office)
	named.Answering, named.AnsweringPort = addresses("shop/db", "172.17.0.2", "172.18.0.9"), 5432
	named.Dialled = addresses("10.0.0.1", "10.0.0.1")
	via := line(3, "allow 22/tcp from any on eth1", gate.AddressSet{})
	via.Interface = "eth1"
	notVia := line(4, "deny 22/tcp from any on eth0 log", addresses("a", "0.0.0.0/1"))
	notVia.Interface, notVia.Log = "eth0", true
	logged := line(5, "allow 22/tcp from office log", office)
	logged.Log = true
	crowd := gate.Line{Action: policy.Allow, Client: addresses("crowd", "10.0.0.1-10.0.0.2", "10.0.1.0/24")}
	for i, r := range []string{"10.0.0.1", "10.0.0.2", "10.0.1.0/24"} {
		crowd.Members = append(crowd.Members, gate.Member{Range: parseRange(r), Rule: ref(10+i, "allow 80/tcp from "+r)})
	}
	office6 := addresses("office", "fd00::/8", "2001:db8::1")

	g := &gate.Gate{Bridges: manyBridges, Refuse: policy.Drop, IPv4: closed(), IPv6: closed()}
	dns := chainOf(allow)
	g.IPv4.Ingress.Segments = []gate.Segment{
		tcp(22, 22, chainOf(notVia, via, logged)), tcp(53, 53, dns), tcp(80, 80, chainOf(crowd)), tcp(81, 90, chainOf()),
		tcp(5432, 5432, chainOf(named)), tcp(60000, 65535, dns), udp(53, 53, dns),
		{Protocol: host.SCTP, First: 0, Last: 65535, Chain: dns},
	}
	g.IPv4.Ingress.Echo = chainOf(line(6, "allow icmp from office", office))
	g.IPv4.Ingress.Other = chainOf(line(7, "allow from 10.9.9.9", addresses("10.9.9.9", "10.9.9.9")))
	scoped := chainOf(allow, via)
	scoped.Scope = []netip.Addr{netip.MustParseAddr("192.168.0.1"), netip.MustParseAddr("10.0.0.1")}
	one := chainOf(allow)
	one.Scope = scoped.Scope[:1]
	g.IPv4.Local.Segments = []gate.Segment{tcp(22, 22, scoped), tcp(8000, 8010, one), udp(53, 53, chainOf())}
	g.IPv4.Egress = gate.Dispatch{
		Segments: []gate.Segment{tcp(443, 443, chainOf(line(8, "allow 443/tcp from any", gate.AddressSet{}), via))},
		Default:  policy.Deny,
	}
	g.IPv6.Ingress.Segments = []gate.Segment{tcp(53, 53, chainOf(line(1, "allow 53 from office", office6)))}
	g.IPv6.Ingress.Default = policy.Allow
	g.IPv6.Ingress.Echo = chainOf(line(6, "allow icmp from office", office6))
	g.IPv6.Egress = gate.Dispatch{Default: policy.Deny}
	return g
}
