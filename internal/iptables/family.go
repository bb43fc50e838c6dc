package iptables

import "github.com/dockwall/dockwall/internal/gate"

// family is what differs between IPv4 and IPv6.
type family struct {
	number      int    // 4 or 6
	tool        string // the first half of the programs' names, and the section's name
	sets        string // ipset's word for it
	nftables    string // nft's word for it
	echoRequest string
	echoReply   string
	icmp        string
	unreachable string // what a refused client is told
	loopback    string // "" where the kernel never lets it in from outside
}

var ipv4 = &family{
	number: 4, tool: "iptables", sets: "inet", nftables: "ip",
	echoRequest: "-p icmp -m icmp --icmp-type 8",
	echoReply:   "-p icmp -m icmp --icmp-type 0",
	icmp:        "-p icmp",
	unreachable: "icmp-port-unreachable",
	loopback:    "127.0.0.0/8",
}

var ipv6 = &family{
	number: 6, tool: "ip6tables", sets: "inet6", nftables: "ip6",
	echoRequest: "-p ipv6-icmp -m icmp6 --icmpv6-type 128",
	echoReply:   "-p ipv6-icmp -m icmp6 --icmpv6-type 129",
	icmp:        "-p ipv6-icmp",
	unreachable: "icmp6-port-unreachable",
}

// families are both, in the order in which they are changed.
var families = []*family{ipv4, ipv6}

// of is the family's part of a gate.
func (f *family) of(g *gate.Gate) *gate.Family {
	if f == ipv4 {
		return &g.IPv4
	}
	return &g.IPv6
}
