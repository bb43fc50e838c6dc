package pathwitness

import "fmt"

// statement is what a rule of nft does.
func (n native) statement(p place) string {
	if p.table == "nat" && !n.chance(3) {
		return n.nat(p)
	}
	goOn := func() string { return words(n.of("jump", "goto"), n.of(p.deeper...)) }
	if len(p.deeper) == 0 {
		goOn = func() string { return "return" }
	}
	makers := []func() string{
		func() string {
			return n.of("counter", "accept", "drop", "return", "continue", "counter accept", `log prefix "seen " counter`)
		},
		goOn, goOn, n.anonymousMap, n.setMark, n.setMark,
	}
	if len(p.deeper) > 0 { // the named maps lead to the deepest chain
		makers = append(makers, n.verdictMap, n.verdictMap)
	}
	if p.table != "nat" && p.hooks != "any" {
		makers = append(makers, n.reject)
	}
	if p.table == "filter" {
		makers = append(makers, func() string { return words(n.ip(), "dscp set", n.of("cs1", "ef")) })
	}
	if p.hooks == "any" || p.hooks == "prerouting" && p.table == "filter" {
		makers = append(makers, func() string { return "notrack" })
	}
	if n.own() {
		makers = append(makers, func() string { return words("add @seen {", n.ip(), "saddr } counter") })
	}
	return n.one(makers...)
}

func (n native) verdictMap() string {
	return n.one(
		func() string { return words(n.of("tcp", "udp"), "dport vmap @verdicts") },
		func() string { return words("iifname vmap @bylink") },
	)
}

func (n native) anonymousMap() string {
	return n.one(
		func() string { return "ct state vmap { established : accept, related : accept, invalid : drop }" },
		func() string { return "ct state vmap { new : continue, established : accept }" },
		func() string {
			return fmt.Sprintf("tcp dport vmap { %s : accept, 8000-9000 : drop }", n.of("22", "80", "443"))
		},
		func() string {
			return fmt.Sprintf("meta l4proto vmap { tcp : %s, udp : accept }", n.of("return", "accept", "drop", "continue"))
		},
		func() string {
			return fmt.Sprintf("%s saddr . tcp dport vmap { %s . %s : drop }", n.ip(), n.address(), n.port())
		},
	)
}

func (n native) setMark() string {
	makers := []func() string{
		func() string { return words("meta mark set", n.of(marks...)) },
		func() string { return words("ct mark set", n.of(marks...)) },
		func() string {
			return n.of("meta mark set ct mark", "ct mark set meta mark", "ct mark set mark and 0xf", "meta mark set ct mark and 0x3")
		},
		func() string {
			return words("meta mark set meta mark", n.of("or 0x10", "and 0xf", "xor 0x1", "and 0xf0 or 0x2"))
		},
	}
	if n.own() {
		makers = append(makers, func() string { return words("meta mark set", n.ip(), "saddr map @tomark") })
	}
	return n.one(makers...)
}

func (n native) reject() string {
	switch {
	case n.chance(3):
		return "meta l4proto tcp reject with tcp reset"
	case n.table == "inet":
		return n.of("reject", "reject with icmpx admin-prohibited", "reject with icmpx port-unreachable", "reject with icmpx no-route")
	case n.is4():
		return n.of("reject", "reject with icmp host-prohibited", "reject with icmp net-unreachable")
	}
	return n.of("reject", "reject with icmpv6 admin-prohibited", "reject with icmpv6 no-route")
}

// nat is a NAT statement of the chain's side.
func (n native) nat(p place) string {
	to, family := n.container(), ""
	if n.table == "inet" {
		family = n.ip()
	}
	ports := n.of("tcp", "udp")
	port := words(ports, "dport", n.port())
	bracket := to
	if !n.is4() {
		bracket = "[" + to + "]"
	}
	if p.hooks == "prerouting" || p.hooks == "output" {
		return n.destinationNAT(family, to, bracket, port, ports)
	}
	makers := []func() string{
		func() string { return words("snat", family, "to", n.byFamily(own4, own6)) },
		func() string {
			return words(port, "snat", family, "to", n.byFamily(own4, []string{"[2001:db8:1::10]"})+":50000-50010")
		},
	}
	if p.hooks == "postrouting" {
		makers = append(makers, func() string { return "masquerade" }, func() string { return words(n.ip(), "saddr", n.prefix(), "masquerade") },
			func() string { return words(port, "masquerade to :50000-50010") })
	}
	return n.one(makers...)
}

func (n native) destinationNAT(family, to, bracket, port, ports string) string {
	makers := []func() string{
		func() string { return words(port, "dnat", family, "to", to) },
		func() string { return words(port, "dnat", family, "to", bracket+":"+n.port()) },
		func() string { return words(port, "redirect to :"+n.port()) },
		func() string { return words(port, "dnat", family, "to", n.natSpan()) },
		func() string { return words(port, "dnat to :"+n.port()) },
		func() string {
			return words("dnat", family, "to", ports, "dport map {", n.of("80", "443"), ":", n.container(), ", 8080 :", n.container(), "}")
		},
	}
	if n.own() {
		makers = append(makers, func() string { return words("dnat", family, "to tcp dport map @totarget") },
			func() string { return words("dnat", n.ip(), "to tcp dport map @toboth") })
	}
	return n.one(makers...)
}

func (n native) natSpan() string {
	if n.is4() {
		return "172.17.0.2-172.17.0.9"
	}
	return "fd17::2-fd17::9"
}
