package pathwitness

import (
	"fmt"
	"strings"
)

// rule is a rule of nft: matches, then what is done. All that it says of protocols is of one: nft 1.0.6 does not print a
// test of another protocol or family before a match that implies one ("meta l4proto 50 tcp dport 80", "meta protocol ip
// ip6 saddr ::1", "ct l3proto ipv6 ip dscp set ef" and "meta iiftype ether meta nfproto ipv6" lose their beginnings).
func (n native) rule(p place) string {
	n.protocol = n.of("tcp", "tcp", "udp", "sctp", "icmp", "th", "other", "other")
	if p.table == "nat" {
		n.protocol = n.of("tcp", "tcp", "udp", "other")
	}
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
		n.addressMatch, n.addressMatch, n.interfaceMatch, n.interfaceMatch, n.ofProtocol, n.ofProtocol, n.ofProtocol, n.ofProtocol,
		n.mark, n.conntrack, n.conntrack, n.conntrack, n.addressType, n.header, n.other,
	}
	if p.hooks == "prerouting" || p.hooks == "input" || p.hooks == "forward" {
		makers = append(makers, n.fib, n.fib)
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

// ofProtocol is a match of the rule's protocol.
func (n native) ofProtocol() string {
	switch n.protocol {
	case "icmp":
		return n.icmp()
	case "th":
		return n.portMatch(n.of("meta l4proto { tcp, udp } th", "th"))
	case "other":
		return n.one(n.protocolMatch, n.familyMatch, n.anyConcatenation)
	case "tcp":
		return n.one(n.ownPorts, n.ownPorts, n.flags, n.concatenation, n.ownProtocol)
	}
	return n.one(n.ownPorts, n.ownPorts, n.concatenation, n.ownProtocol)
}

func (n native) ownPorts() string { return n.portMatch(n.protocol) }

func (n native) ownProtocol() string {
	return n.of("meta l4proto "+n.protocol, "ct protocol "+n.protocol, "meta l4proto "+n.protocol+" ct original protocol "+n.protocol)
}

func (n native) protocolMatch() string {
	return n.one(
		func() string {
			return words("meta l4proto", n.is(), n.of("tcp", "udp", "sctp", "icmp", "ipv6-icmp", "50"))
		},
		func() string { return "meta l4proto { tcp, udp }" },
		func() string {
			return words("ct", n.of("original", "reply"), "protocol", n.is(), n.of("tcp", "udp", "17"))
		},
		func() string {
			if n.is4() {
				return words("ip protocol", n.is(), n.of("tcp", "udp", "icmp"))
			}
			return words("ip6 nexthdr", n.is(), n.of("tcp", "udp", "ipv6-icmp"))
		},
	)
}

func (n native) familyMatch() string {
	if n.table != "inet" {
		return "meta protocol " + n.ip()
	}
	return n.one(
		func() string {
			return "meta nfproto " + n.byFamily([]string{"ipv4", "!= ipv6"}, []string{"ipv6", "!= ipv4"})
		},
		func() string { return "meta protocol " + n.ip() },
	)
}

func (n native) portMatch(header string) string {
	if n.chance(8) {
		return words(header, n.of("dport", "sport"), n.of("< 1024", ">= 8000", "<= 80"))
	}
	return words(header, n.of("dport", "dport", "dport", "sport"), n.is(), n.one(
		n.port, n.port,
		func() string { return n.portSpan("-") },
		func() string { return "{ " + n.anonymous(n.port) + " }" },
		func() string { return "{ 22, 80-443, 8000-9000 }" },
		func() string { return "@dports" },
		func() string { return "40000-40010" },
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
	if n.ported() && n.chance(4) {
		return words("meta l4proto", n.protocol, "ct", n.of("original", "reply"), n.of("proto-dst", "proto-src"), n.is(), n.port())
	}
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
	)
}

const fibTypes = "local;unicast;broadcast;multicast;{ local, broadcast };!= local"

func (n native) addressType() string {
	return words("fib", n.of("daddr", "saddr"), "type", n.of(strings.Split(fibTypes, ";")...))
}

// fib are the routes that only hooks with an incoming interface may ask for.
func (n native) fib() string {
	return n.one(
		func() string { return words("fib daddr . iif type", n.of(strings.Split(fibTypes, ";")...)) },
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
		func() string { return words("iif", n.of("lo", "eno1")) },
		func() string { return words("@th,16,16", n.of("80", "443", "8080")) },
	)
}

// ported tells whether the rule's protocol has ports.
func (n native) ported() bool {
	return n.protocol == "tcp" || n.protocol == "udp" || n.protocol == "sctp"
}

func (n native) concatenation() string {
	port := n.protocol + " dport"
	makers := []func() string{
		func() string {
			return fmt.Sprintf("iifname . %s { %s }", port, n.anonymous(func() string { return `"` + n.of(interfaces...) + `" . ` + n.port() }))
		},
		func() string {
			return fmt.Sprintf("%s saddr . %s daddr . %s { %s }", n.ip(), n.ip(), port,
				n.anonymous(func() string { return n.address() + " . " + n.address() + " . " + n.port() }))
		},
	}
	if n.own() {
		makers = append(makers, func() string { return words(n.ip(), "daddr .", port, n.is(), "@pairs") },
			func() string { return words("iifname .", n.ip(), "daddr .", port, n.is(), "@triples") })
	}
	return n.one(makers...)
}

func (n native) anyConcatenation() string {
	return fmt.Sprintf("meta l4proto . th dport { %s }", n.anonymous(func() string { return n.of("tcp", "udp", "sctp") + " . " + n.port() }))
}

func (n native) undecided() string {
	return n.of("limit rate 1/hour burst 3 packets", "limit rate over 1/hour burst 3 packets", "numgen random mod 2 0",
		`meta hour "01:00"-"13:00"`, "quota until 100 bytes", "ct count over 3", "meta cpu 0", `ct helper "ftp"`)
}
