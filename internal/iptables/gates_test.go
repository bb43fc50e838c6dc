package iptables

import (
	"fmt"
	"net/netip"
	"strings"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// addressesOf is a set of prefixes, addresses and ranges. Its ID is made of the words.
func addressesOf(words ...string) gate.AddressSet {
	var b netipx.IPSetBuilder
	for _, w := range words {
		switch {
		case strings.Contains(w, "-"):
			b.AddRange(netipx.MustParseIPRange(w))
		case strings.Contains(w, "/"):
			b.AddPrefix(netip.MustParsePrefix(w))
		default:
			b.Add(netip.MustParseAddr(w))
		}
	}
	set, err := b.IPSet()
	if err != nil {
		panic(err)
	}
	return gate.AddressSet{ID: digest(words...), Name: "test", Ranges: set.Ranges()}
}

// manyAddresses are n addresses from first on, no two of them next to each other.
func manyAddresses(first string, n int) gate.AddressSet {
	words := make([]string, n)
	a := netip.MustParseAddr(first)
	for i := range words {
		words[i] = a.String()
		a = a.Next().Next()
	}
	return addressesOf(words...)
}

// ref is the reference to a sentence on a line of policy.yaml.
func ref(line int, sentence string) gate.RuleRef {
	return gate.RuleRef{Position: policy.Position{File: "/etc/dockwall/policy.yaml", Line: line, Column: 5},
		Sentence: sentence, Hash: digest(sentence)[:8]}
}

func allow(line int, sentence string) gate.Line {
	return gate.Line{Action: policy.Allow, Rule: ref(line, "allow "+sentence)}
}

func deny(line int, sentence string) gate.Line {
	return gate.Line{Action: policy.Deny, Rule: ref(line, "deny "+sentence)}
}

func (g gateLine) from(words ...string) gateLine { g.Client = addressesOf(words...); return g }

// gateLine is a line in the making.
type gateLine struct{ gate.Line }

func chainOf(lines ...gate.Line) *gate.Chain {
	words := make([]string, len(lines))
	for i, l := range lines {
		words[i] = fmt.Sprint(l)
	}
	return &gate.Chain{ID: digest(words...), Lines: lines}
}

func segment(p host.Protocol, port uint16, c *gate.Chain) gate.Segment {
	return gate.Segment{Protocol: p, First: port, Last: port, Chain: c}
}

// manyMembers is a merged line of n rules, each for one address.
func manyMembers(action policy.Action, first string, n int) gate.Line {
	l := gate.Line{Action: action, Client: manyAddresses(first, n)}
	for i, r := range l.Client.Ranges {
		rule := ref(100+i, fmt.Sprintf("%s 80/tcp from %s", action, r.From()))
		l.Members = append(l.Members, gate.Member{Range: r, Rule: rule})
	}
	return l
}

// sample is a gate with one of everything. family is "192.0.2" or "2001:db8:" alike in both.
func sample() *gate.Gate {
	return &gate.Gate{
		Bridges: []string{"br-shop", "docker0"},
		IPv4:    sampleFamily("192.0.2.", "172.17.0.", "203.0.113.10", "0.0.0.0/1"),
		IPv6:    sampleFamily("2001:db8:1::", "fd00:17::", "2001:db8::10", "2000::/4"),
	}
}

func sampleFamily(clients, containers, hostAddress, wide string) gate.Family {
	office := gateLine{allow(3, "8123/tcp from office")}.from(clients+"0-"+clients+"7", clients+"20").Line
	blocked := deny(4, "all from blocklist")
	blocked.Client = manyAddresses(clients+"100", 6)
	named := allow(5, "tcp from any to shop/db:5432")
	named.Answering, named.AnsweringPort = addressesOf(containers+"2"), 5432
	onLink := gateLine{allow(6, "80/tcp from any on eno1 log")}.from(wide).Line
	onLink.Interface, onLink.Log = "eno1", true
	notOnLink := deny(7, "80/tcp on wg0")
	notOnLink.Interface = "wg0"
	group := allow(8, "icmp to network:front")
	group.Answering = manyAddresses(containers+"10", 5)
	group.Dialled = group.Answering
	published := allow(9, "8443/tcp from any at "+hostAddress)
	published.Dialled = addressesOf(hostAddress)
	scoped := chainOf(published)
	scoped.Scope = []netip.Addr{netip.MustParseAddr(hostAddress)}
	egress := deny(10, "all to blocklist")
	egress.Dialled = manyAddresses(clients+"100", 6)

	return gate.Family{
		Ingress: gate.Dispatch{
			Segments: []gate.Segment{
				segment(host.TCP, 80, chainOf(notOnLink, onLink, manyMembers(policy.Allow, clients+"200", 3))),
				segment(host.TCP, 5432, chainOf(named)),
				{Protocol: host.TCP, First: 8100, Last: 8199, Chain: chainOf(blocked, office)},
				segment(host.UDP, 53, chainOf(allow(11, "53/udp from any"))),
			},
			Echo: chainOf(group),
		},
		Local: gate.Dispatch{Segments: []gate.Segment{
			segment(host.TCP, 80, chainOf(notOnLink, onLink)),
			segment(host.TCP, 8443, scoped),
			segment(host.UDP, 53, chainOf()),
		}},
		Egress: gate.Dispatch{Other: chainOf(egress), Default: policy.Allow},
	}
}
