package pathwitness

import (
	"fmt"
	"strings"
)

// rule is a rule of nft: matches, then what is done.
func (n native) rule(p place) string {
	var parts []string
	for range n.upTo(2) {
		parts = append(parts, n.match(p))
	}
	return words(append(parts, n.statement(p))...)
}

// ip is the word for the family's header.
func (n native) ip() string {
	if n.is4() {
		return "ip"
	}
	return "ip6"
}

// own tells whether the family is the one that the table's named sets have.
func (n native) own() bool { return n.is4() || n.table == "ip6" }

// is is sometimes "!=".
func (n native) is() string { return n.not("!=") }

func (n native) match(p place) string {
	makers := []func() string{
		n.addressMatch, n.addressMatch, n.interfaceMatch, n.interfaceMatch, n.protocolMatch, n.portMatch, n.portMatch, n.portMatch,
		n.flags, n.icmp, n.mark, n.conntrack, n.conntrack, n.conntrack, n.fib, n.fib, n.header, n.other, n.concatenation,
	}
	if p.hooks == "output" || p.hooks == "postrouting" {
		makers = append(makers, func() string {
			return words("meta", n.of("skuid", "skgid"), n.is(), n.of("0", "1000", "100", "1000-2000"))
		})
	}
	if n.chance(12) {
		makers = []func() string{n.undecided}
	}
	return n.one(makers...)
}

func (n native) addressMatch() string {
	side := n.ip() + " " + n.of("saddr", "daddr")
	makers := []func() string{
		n.prefix,
		n.prefix,
		func() string { return n.addressSpan("-") },
		func() string { return "{ " + n.anonymous(n.address) + " }" },
		func() string { return "{ " + n.span(", ", "10.8.0.0/24", "172.17.0.0/16", "198.51.100.0/25") + " }" },
	}
	if !n.is4() {
		makers = makers[:4]
		makers = append(makers, func() string { return "{ fd17::/64, 2001:db8:7::/64 }" })
	} else {
		makers = append(makers, func() string { return "& 255.255.0.0 == 172.17.0.0" })
	}
	if n.own() {
		makers = append(makers, func() string { return "@addresses" }, func() string { return "@networks" })
	}
	value := n.one(makers...)
	if strings.HasPrefix(value, "&") {
		return words(side, value)
	}
	return words(side, n.is(), value)
}

// anonymous are different elements of an anonymous set.
func (n native) anonymous(maker func() string) string {
	elements := n.some(maker)
	if len(elements) == 0 {
		elements = []string{maker()}
	}
	return strings.Join(elements, ", ")
}

func (n native) interfaceMatch() string {
	return words(n.of("iifname", "oifname"), n.is(), n.one(
		func() string { return `"` + n.of(interfaces...) + `"` },
		func() string { return `"` + n.of("br-*", "docker*", "e*") + `"` },
		func() string { return "{ " + n.list(", ", `"eno1"`, `"wg0"`, `"docker0"`, `"lo"`) + " }" },
		func() string { return "@links" },
	))
}

func (n native) protocolMatch() string {
	return n.one(
		func() string {
			return words("meta l4proto", n.is(), n.of("tcp", "udp", "sctp", "icmp", "ipv6-icmp", "50"))
		},
		func() string { return "meta l4proto { tcp, udp }" },
		// Of the rule's own family: nft 1.0.6 does not print a test of the other one ("meta protocol ip ip6 saddr ...").
		func() string { return "meta nfproto " + n.byFamily([]string{"ipv4", "!= ipv6"}, []string{"ipv6", "!= ipv4"}) },
		func() string { return "meta protocol " + n.ip() },
		func() string {
			if n.is4() {
				return words("ip protocol", n.is(), n.of("tcp", "udp", "icmp"))
			}
			return words("ip6 nexthdr", n.is(), n.of("tcp", "udp", "ipv6-icmp"))
		},
		func() string { return words("ct l3proto", n.of("ipv4", "ipv6")) },
	)
}

func (n native) portMatch() string {
	header := n.of("tcp", "udp", "sctp", "meta l4proto { tcp, udp } th", "th")
	return words(header, n.of("dport", "dport", "dport", "sport"), n.is(), n.one(
		n.port, n.port,
		func() string { return n.portSpan("-") },
		func() string { return "{ " + n.anonymous(n.port) + " }" },
		func() string { return "{ 22, 80-443, 8000-9000 }" },
		func() string { return "@dports" },
		func() string { return n.of("40000-40010", "< 1024", ">= 8000") },
	))
}

func (n native) flags() string {
	return "tcp flags " + n.of("syn", "& (fin|syn|rst|ack) == syn", "& (syn|ack) == syn|ack", "! syn", "syn / syn,rst,ack", "{ syn, ack }",
		"& (rst|fin) != 0", "== 0x0", "!= syn", "& syn == 0")
}

func (n native) icmp() string {
	if n.is4() {
		return words("icmp", n.of("type echo-request", "type != echo-request", "type { echo-request, destination-unreachable }", "code 0",
			"type destination-unreachable icmp code 1"))
	}
	return words("icmpv6", n.of("type echo-request", "type { echo-request, nd-neighbor-solicit }", "type != echo-reply", "code 0",
		"type destination-unreachable"))
}

func (n native) mark() string {
	return words(n.of("meta mark", "ct mark"), n.one(
		func() string { return words(n.is(), n.of(marks...)) },
		func() string { return words("&", n.of("0xff", "0x3"), n.of("==", "!="), n.of("0x1", "0x2", "0x0")) },
		func() string { return words(n.is(), "{ 0x1, 0x2, 0x10-0x20 }") },
		func() string { return words(n.is(), "@markset") },
	))
}

func (n native) conntrack() string {
	return n.one(
		func() string {
			return words("ct state", n.is(), n.list(",", "new", "established", "related", "invalid", "untracked"))
		},
		func() string { return "ct state { established, new }" },
		func() string {
			return words("ct status", n.of("dnat", "snat", "dnat,snat", "assured", "seen-reply", "confirmed", "!= dnat", "! dnat"))
		},
		func() string { return words("ct direction", n.of("original", "reply")) },
		func() string {
			return words("ct", n.of("original", "reply"), n.ip(), n.of("saddr", "daddr"), n.is(), n.prefix())
		},
		func() string {
			return words("meta l4proto", n.of("tcp", "udp"), "ct", n.of("original", "reply"), n.of("proto-dst", "proto-src"), n.is(), n.port())
		},
		func() string {
			return words("ct", n.of("original", "reply"), "protocol", n.is(), n.of("tcp", "udp", "17"))
		},
		func() string { return words("ct protocol", n.of("tcp", "udp")) },
	)
}

func (n native) fib() string {
	types := n.of("local", "unicast", "broadcast", "multicast", "{ local, broadcast }", "!= local")
	return n.one(
		func() string { return words("fib daddr type", types) },
		func() string { return words("fib saddr type", types) },
		func() string { return words("fib daddr . iif type", types) },
		func() string { return words("fib saddr . iif oif", n.of("exists", "missing")) },
		func() string { return words("fib saddr . mark . iif oif", n.of("exists", "missing")) },
		func() string { return words("fib daddr oif", n.of(`"eno1"`, `"docker0"`, "exists", "missing")) },
	)
}

// header is what else IP headers hold.
func (n native) header() string {
	ttl := "ip ttl"
	if !n.is4() {
		ttl = "ip6 hoplimit"
	}
	return n.one(
		func() string { return words(ttl, n.of("64", "63", "< 3", "> 33", "!= 64")) },
		func() string { return words(n.ip(), "dscp", n.is(), n.of("cs0", "cs1", "ef", "{ cs0, cs1 }")) },
		func() string { return words("meta length", n.of("40", "> 48", "40-60", "!= 48")) },
	)
}

func (n native) other() string {
	return n.one(
		func() string { return words("meta pkttype", n.is(), n.of("host", "broadcast", "multicast", "other")) },
		func() string { return words("ether saddr", n.is(), "02:00:00:00:00:01") },
		func() string { return words("meta iiftype", n.of("ether", "loopback")) },
		func() string { return words("iif", n.of("lo", "eno1")) },
		func() string { return words("@th,16,16", n.of("80", "443", "8080")) },
	)
}

func (n native) concatenation() string {
	makers := []func() string{
		func() string {
			return fmt.Sprintf("iifname . tcp dport { %s }", n.anonymous(func() string { return `"` + n.of(interfaces...) + `" . ` + n.port() }))
		},
		func() string {
			return fmt.Sprintf("%s saddr . %s daddr . udp dport { %s }", n.ip(), n.ip(),
				n.anonymous(func() string { return n.address() + " . " + n.address() + " . " + n.port() }))
		},
		func() string {
			return fmt.Sprintf("meta l4proto . th dport { %s }", n.anonymous(func() string { return n.of("tcp", "udp", "sctp") + " . " + n.port() }))
		},
	}
	if n.own() {
		makers = append(makers, func() string { return words(n.ip(), "daddr . tcp dport", n.is(), "@pairs") },
			func() string { return words("iifname .", n.ip(), "daddr . tcp dport", n.is(), "@triples") })
	}
	return n.one(makers...)
}

func (n native) undecided() string {
	return n.of("limit rate 1/hour burst 3 packets", "limit rate over 1/hour burst 3 packets", "numgen random mod 2 0",
		`meta hour "01:00"-"13:00"`, "quota until 100 bytes", "ct count over 3", "meta cpu 0", `ct helper "ftp"`)
}
