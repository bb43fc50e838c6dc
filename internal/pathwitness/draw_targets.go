package pathwitness

import "strings"

// target is what a rule does, and the protocol that it must name where it must.
func (x xtables) target(p place) (target, protocol string) {
	switch p.table {
	case "nat":
		return x.natTarget(p)
	case "mangle":
		return x.one(x.accept, x.goOn(p), x.goOn(p), x.setMark, x.setMark, x.setMark, x.setConnmark, x.setConnmark, x.change,
			x.note), ""
	case "raw":
		return x.one(x.accept, x.goOn(p), x.noTrack, x.noTrack, x.note, x.setMark), ""
	case "security":
		return x.one(x.accept, x.goOn(p), x.note), ""
	}
	makers := []func() string{x.accept, x.goOn(p), x.goOn(p), x.goOn(p), x.note, x.note, x.drop}
	if x.chance(4) {
		return "-j REJECT --reject-with tcp-reset", "-p tcp"
	}
	return x.one(append(makers, x.reject)...), ""
}

func (x xtables) accept() string { return x.of("-j ACCEPT", "-j ACCEPT", "-j DROP", "-j RETURN") }

func (x xtables) drop() string { return "-j DROP" }

// goOn leads to another chain.
func (x xtables) goOn(p place) func() string {
	return func() string {
		if len(p.deeper) == 0 {
			return "-j RETURN"
		}
		return words(x.of("-j", "-j", "-g"), x.of(p.deeper...))
	}
}

// note are targets that no verdict hangs on.
func (x xtables) note() string {
	makers := []func() string{
		func() string { return "" },
		func() string { return x.of("-j LOG", `-j LOG --log-prefix "seen: " --log-level 4`) },
		func() string { return `-j NFLOG --nflog-group 7 --nflog-prefix "seen"` },
	}
	if x.sets {
		makers = append(makers, func() string {
			if x.is4() {
				return "-j SET --add-set seen4 src"
			}
			return "-j SET --add-set seen6 src"
		})
	}
	return x.one(makers...)
}

func (x xtables) reject() string {
	if x.is4() {
		return words("-j REJECT", x.of("", "--reject-with icmp-port-unreachable", "--reject-with icmp-host-prohibited",
			"--reject-with icmp-net-unreachable", "--reject-with icmp-admin-prohibited", "--reject-with icmp-proto-unreachable",
			"--reject-with icmp-host-unreachable"))
	}
	return words("-j REJECT", x.of("", "--reject-with icmp6-port-unreachable", "--reject-with icmp6-adm-prohibited",
		"--reject-with icmp6-no-route", "--reject-with icmp6-addr-unreachable"))
}

func (x xtables) setMark() string {
	return words("-j MARK", x.of("--set-mark", "--set-xmark", "--set-xmark", "--or-mark", "--and-mark", "--xor-mark"), x.of(marks...))
}

func (x xtables) setConnmark() string {
	return words("-j CONNMARK", x.of("--save-mark", "--restore-mark", "--set-mark 0x1", "--set-xmark 0x10/0xf0",
		"--save-mark --nfmask 0xff --ctmask 0xff", "--restore-mark --nfmask 0x3 --ctmask 0x3", "--or-mark 0x2"))
}

// change changes the header.
func (x xtables) change() string {
	ttl := "-j TTL --ttl-set 33"
	if !x.is4() {
		ttl = "-j HL --hl-set 33"
	}
	return x.of("-j DSCP --set-dscp 8", "-j DSCP --set-dscp-class EF", ttl)
}

func (x xtables) noTrack() string { return x.of("-j CT --notrack", "-j NOTRACK") }

func (x xtables) natTarget(p place) (target, protocol string) {
	if x.chance(3) {
		return x.one(x.accept2, x.goOn(p), x.goOn(p), x.note), ""
	}
	withPorts := x.chance(2)
	if withPorts {
		protocol = x.mustProtocol()
	}
	if strings.ContainsAny(p.hooks, "PO") {
		return x.destinationNAT(withPorts), protocol
	}
	return x.sourceNAT(p, withPorts), protocol
}

func (x xtables) accept2() string { return x.of("-j ACCEPT", "-j RETURN") }

func (x xtables) destinationNAT(withPorts bool) string {
	to := x.container()
	if withPorts && !x.is4() {
		to = "[" + to + "]"
	}
	if !withPorts {
		return x.one(
			func() string { return "-j DNAT --to-destination " + to },
			func() string { return "-j REDIRECT" },
			func() string { return "-j DNAT --to-destination " + x.span("-", x.natPool()...) },
			func() string { return "-j NETMAP --to " + x.byFamily([]string{"172.17.0.0/24"}, []string{"fd17::/64"}) },
		)
	}
	return x.one(
		func() string { return "-j DNAT --to-destination " + to + ":" + x.port() },
		func() string { return "-j DNAT --to-destination :" + x.port() },
		func() string { return "-j REDIRECT --to-ports " + x.port() },
		func() string { return "-j DNAT --to-destination " + to + ":8000-8010" },
		func() string { return "-j REDIRECT --to-ports 8000-8010" },
		func() string { return "-j DNAT --to-destination " + to + ":" + x.port() + " --random" },
	)
}

func (x xtables) natPool() []string {
	if x.is4() {
		return []string{"172.17.0.2", "172.17.0.3", "172.17.0.9"}
	}
	return []string{"fd17::2", "fd17::3", "fd17::9"}
}

func (x xtables) sourceNAT(p place, withPorts bool) string {
	makers := []func() string{
		func() string { return "-j SNAT --to-source " + x.byFamily(own4, own6) },
		func() string { return "-j SNAT --to-source " + x.span("-", x.natPool()...) },
	}
	if p.chain == "POSTROUTING" {
		makers = append(makers, func() string { return "-j MASQUERADE" }, func() string { return "-j MASQUERADE" })
		if withPorts {
			makers = append(makers, func() string { return "-j MASQUERADE --to-ports 50000-50010" })
		}
	}
	if withPorts {
		to := x.byFamily(own4, []string{"[2001:db8:1::10]", "[fd17::1]"})
		makers = append(makers, func() string { return "-j SNAT --to-source " + to + ":50000-50010" })
	}
	return x.one(makers...)
}
