package pathwitness

import "strings"

// match is an extension match of iptables.
func (x xtables) match(p place) string {
	makers := []func() string{
		x.comment, x.conntrack, x.conntrack, x.conntrack, x.state, x.addrtype, x.addrtype, x.mark, x.connmark, x.iprange,
		x.pkttype, x.ttl, x.dscp, x.length, x.physdev,
	}
	if !strings.ContainsAny(p.hooks, "OT") {
		makers = append(makers, x.mac)
	}
	if x.sets {
		makers = append(makers, x.set, x.set)
	}
	if strings.Trim(p.hooks, "OT") == "" {
		makers = append(makers, x.owner, x.owner)
	}
	if p.chain == "PREROUTING" && (p.table == "raw" || p.table == "mangle") {
		makers = append(makers, x.reversePath)
	}
	if x.chance(8) {
		makers = []func() string{x.undecided}
	}
	return x.one(makers...)
}

func (x xtables) comment() string {
	return x.of(`-m comment --comment plain`, `-m comment --comment "two words"`, `-m comment --comment "say \"no\" -j DROP"`)
}

func (x xtables) conntrack() string {
	return words("-m conntrack", x.not("!"), x.one(
		func() string {
			return "--ctstate " + x.list(",", "NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED")
		},
		func() string { return "--ctstate " + x.of("DNAT", "SNAT", "NEW,DNAT", "SNAT,DNAT", "DNAT,UNTRACKED") },
		func() string { return "--ctstatus " + x.list(",", "SEEN_REPLY", "ASSURED", "CONFIRMED", "EXPECTED") },
		func() string { return "--ctstatus NONE" },
		func() string { return "--ctorigdst " + x.prefix() },
		func() string { return "--ctorigsrc " + x.prefix() },
		func() string { return "--ctreplsrc " + x.prefix() },
		func() string { return "--ctrepldst " + x.prefix() },
		func() string { return "--ctorigdstport " + x.portOrSpanPlain() },
		func() string { return "--ctorigsrcport 40000:40010" },
		func() string { return "--ctreplsrcport " + x.port() },
		func() string { return "--ctproto " + x.of("tcp", "udp", "17") },
	), x.of("", "", "--ctdir ORIGINAL", "--ctdir REPLY"))
}

func (x xtables) portOrSpanPlain() string {
	return x.one(x.port, func() string { return x.portSpan(":") })
}

func (x xtables) state() string {
	return words("-m state", x.not("!"), "--state", x.list(",", "NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"))
}

func (x xtables) addrtype() string {
	types := []string{"LOCAL", "UNICAST", "MULTICAST", "LOCAL,MULTICAST", "ANYCAST"}
	if x.is4() { // there is no broadcast in IPv6
		types = append(types, "BROADCAST", "LOCAL,BROADCAST")
	}
	return words("-m addrtype", x.not("!"), x.of("--dst-type", "--src-type"), x.of(types...))
}

func (x xtables) mark() string { return words("-m mark", x.not("!"), "--mark", x.markValue()) }

func (x xtables) connmark() string { return words("-m connmark", x.not("!"), "--mark", x.markValue()) }

func (x xtables) markValue() string {
	return x.of(marks...) + x.of("", "", "/0xff", "/0x3", "/0x10")
}

func (x xtables) iprange() string {
	return words("-m iprange", x.not("!"), x.of("--src-range", "--dst-range"), x.addressSpan("-"))
}

func (x xtables) mac() string { return words("-m mac", x.not("!"), "--mac-source 02:00:00:00:00:01") }

func (x xtables) pkttype() string {
	return words("-m pkttype", x.not("!"), "--pkt-type", x.of("unicast", "broadcast", "multicast"))
}

func (x xtables) ttl() string {
	operator, word := x.of("eq", "lt", "gt"), "ttl"
	if !x.is4() {
		word = "hl"
	}
	return "-m " + word + " --" + word + "-" + operator + " " + x.of("64", "63", "2", "1")
}

func (x xtables) dscp() string {
	return words("-m dscp", x.not("!"), x.of("--dscp 0x00", "--dscp 0x08", "--dscp-class EF"))
}

func (x xtables) length() string {
	return words("-m length", x.not("!"), "--length", x.of("0:100", "48", "40", "60:", ":47"))
}

func (x xtables) physdev() string {
	return words("-m physdev", x.not("!"), x.of("--physdev-in vetha", "--physdev-in veth+", "--physdev-is-in", "--physdev-is-bridged"))
}

func (x xtables) owner() string {
	return words("-m owner", x.not("!"), x.of("--uid-owner 0", "--uid-owner 1000", "--uid-owner 1000-2000", "--gid-owner 100"))
}

func (x xtables) reversePath() string {
	return words("-m rpfilter", x.of("", "--loose", "--invert", "--validmark"))
}

func (x xtables) set() string {
	family := "4"
	if !x.is4() {
		family = "6"
	}
	one := x.of("ip:src", "ip:dst", "net:src", "net:dst", "ipport:dst,dst", "ipport:src,dst", "netiface:src,src", "netport:dst,dst",
		"list:src", "list:dst", "triple:dst,dst,src", "ports:dst", "ports:src")
	name, directions, _ := strings.Cut(one, ":")
	if name == "ports" {
		family = ""
	}
	return words("-m set", x.not("!"), "--match-set", name+family, directions)
}

// undecided are matches that hang on what no listing has.
func (x xtables) undecided() string {
	return x.of("-m limit --limit 1/hour --limit-burst 3", "-m statistic --mode random --probability 0.5",
		"-m hashlimit --hashlimit-name h --hashlimit-above 1/hour --hashlimit-mode srcip --hashlimit-burst 2",
		"-m time --timestart 01:00 --timestop 13:00", "-m recent --name seen --set", "-m recent --name seen --rcheck",
		`-m string --algo bm --string "GET"`, "-m connlimit --connlimit-above 3", "-m u32 --u32 0>>28=4",
		"-m helper --helper ftp", "-m connbytes --connbytes 100: --connbytes-mode bytes --connbytes-dir both")
}
