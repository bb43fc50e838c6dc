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
	if p.table != "nat" && p.hooks != "any" && p.hooks != "postrouting" {
		makers = append(makers, n.reject)
	}
	if p.table == "filter" || p.table == "route" {
		makers = append(makers, func() string { return words(n.ip(), "dscp set", n.of("cs1", "ef")) })
	}
	if p.table == "filter" && (p.hooks == "prerouting" || p.hooks == "output") {
		makers = append(makers, func() string { return "notrack" })
	}
	if n.own() {
		makers = append(makers, func() string { return words("add @seen {", n.ip(), "saddr } counter") })
	}
	return n.one(makers...)
}

func (n native) verdictMap() string {
	if n.ported() && n.chance(2) {
		return n.protocol + " dport vmap @verdicts"
	}
	return "iifname vmap @bylink"
}

func (n native) anonymousMap() string {
	makers := []func() string{
		func() string { return "ct state vmap { established : accept, related : accept, invalid : drop }" },
		func() string { return "ct state vmap { new : continue, established : accept }" },
	}
	if n.ported() {
		port := n.protocol + " dport"
		makers = append(makers,
			func() string {
				return fmt.Sprintf("%s vmap { %s : accept, 8000-9000 : drop }", port, n.of("22", "80", "443"))
			},
			func() string {
				return fmt.Sprintf("%s saddr . %s vmap { %s . %s : drop }", n.ip(), port, n.address(), n.port())
			})
	}
	if n.protocol == "other" {
		makers = append(makers, func() string {
			return fmt.Sprintf("meta l4proto vmap { tcp : %s, udp : accept }", n.of("return", "accept", "drop", "continue"))
		})
	}
	return n.one(makers...)
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
	case n.protocol == "tcp" && n.chance(2):
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
	family := ""
	if n.table == "inet" {
		family = n.ip()
	}
	if p.hooks == "prerouting" || p.hooks == "output" {
		return n.destinationNAT(family)
	}
	makers := []func() string{func() string { return words("snat", family, "to", n.byFamily(own4, own6)) }}
	if p.hooks == "postrouting" {
		makers = append(makers, func() string { return "masquerade" }, func() string { return words(n.ip(), "saddr", n.prefix(), "masquerade") })
	}
	if n.ported() {
		port := words(n.protocol, "dport", n.port())
		makers = append(makers, func() string {
			return words(port, "snat", family, "to", n.byFamily(own4, []string{"[2001:db8:1::10]"})+":50000-50010")
		})
		if p.hooks == "postrouting" {
			makers = append(makers, func() string { return words(port, "masquerade to :50000-50010") })
		}
	}
	return n.one(makers...)
}

func (n native) destinationNAT(family string) string {
	to := n.container()
	makers := []func() string{
		func() string { return words("dnat", family, "to", to) },
		func() string { return words("dnat", family, "to", n.natSpan()) },
		func() string { return "redirect" },
	}
	if n.ported() {
		makers = append(makers, n.portDNAT(family, to)...)
	}
	return n.one(makers...)
}

func (n native) portDNAT(family, to string) []func() string {
	bracket := to
	if !n.is4() {
		bracket = "[" + to + "]"
	}
	dport := n.protocol + " dport"
	port := words(dport, n.port())
	makers := []func() string{
		func() string { return words(port, "dnat", family, "to", to) },
		func() string { return words(port, "dnat", family, "to", bracket+":"+n.port()) },
		func() string { return words(port, "redirect to :"+n.port()) },
		func() string { return words(port, "dnat", family, "to", bracket+":8000-8010") },
		func() string { return words(port, "dnat to :"+n.port()) },
		func() string {
			return words("dnat", family, "to", dport, "map {", n.of("80", "443"), ":", n.container(), ", 8080 :", n.container(), "}")
		},
	}
	if n.own() {
		makers = append(makers, func() string { return words("dnat", family, "to", dport, "map @totarget") },
			func() string { return words("dnat", n.ip(), "to", dport, "map @toboth") })
	}
	return makers
}

func (n native) natSpan() string {
	if n.is4() {
		return "172.17.0.2-172.17.0.9"
	}
	return "fd17::2-fd17::9"
}
