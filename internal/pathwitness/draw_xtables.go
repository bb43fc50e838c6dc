package pathwitness

import (
	"fmt"
	"strings"
)

// xtables draws a text for iptables-restore, of one family and one variant.
type xtables struct {
	draw
	sets bool // whether the ipsets of drawSets are there
}

// place is where a rule of iptables stands: what is allowed there hangs on it.
type place struct {
	table, chain string
	hooks        string   // of the built-in chains that lead here: "P", "I", "F", "O", "T" (postrouting)
	deeper       []string // chains that may be jumped to
}

// builtins are the tables with their built-in chains and the hooks' letters.
var builtins = []struct {
	table  string
	chains []string
}{
	{"filter", []string{"INPUT", "FORWARD", "OUTPUT"}},
	{"nat", []string{"PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"}},
	{"mangle", []string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}},
	{"raw", []string{"PREROUTING", "OUTPUT"}},
	{"security", []string{"INPUT", "FORWARD", "OUTPUT"}},
}

var hookLetters = map[string]string{"PREROUTING": "P", "INPUT": "I", "FORWARD": "F", "OUTPUT": "O", "POSTROUTING": "T"}

// text draws the whole text: always a filter table, others often.
func (x xtables) text() string {
	var b strings.Builder
	for i, one := range builtins {
		if i == 0 || !x.chance(2) {
			x.tableText(&b, one.table, one.chains)
		}
	}
	return b.String()
}

// userChains are a table's own chains: those of hooks where packets come in, and those where they go out. Each leads only
// to later ones of its kind. nat's kinds are where destinations and where sources are translated.
func userChains(table string) map[string][]string {
	if table == "nat" {
		return map[string][]string{"PO": {"dst1", "dst2"}, "IT": {"src1", "src2"}}
	}
	return map[string][]string{"PIF": {"in1", "in2", "in3"}, "OT": {"out1", "out2"}}
}

func (x xtables) tableText(b *strings.Builder, table string, chains []string) {
	line(b, "*%s", table)
	for _, c := range chains {
		policy := "ACCEPT"
		if table == "filter" && x.chance(6) {
			policy = "DROP"
		}
		line(b, ":%s %s [0:0]", c, policy)
	}
	users := userChains(table)
	for _, kind := range []string{"PIF", "OT", "PO", "IT"} {
		for _, c := range users[kind] {
			line(b, ":%s - [0:0]", c)
		}
	}
	for _, c := range chains {
		letter := hookLetters[c]
		var deeper []string
		for kind, names := range users {
			if strings.Contains(kind, letter) {
				deeper = names
			}
		}
		x.rules(b, place{table, c, letter, deeper}, 7)
	}
	for _, kind := range []string{"PIF", "OT", "PO", "IT"} {
		for i, c := range users[kind] {
			x.rules(b, place{table, c, kind, users[kind][i+1:]}, 4)
		}
	}
	line(b, "COMMIT")
}

func (x xtables) rules(b *strings.Builder, p place, most int) {
	for range x.upTo(most) {
		line(b, "-A %s %s", p.chain, x.rule(p))
	}
}

// rule is a rule's matches and its target.
func (x xtables) rule(p place) string {
	target, protocol := x.target(p)
	parts := []string{}
	if protocol == "" {
		protocol = x.protocol()
	}
	parts = append(parts, protocol)
	if x.chance(2) {
		parts = append(parts, x.addresses())
	}
	if !x.chance(3) {
		parts = append(parts, x.interfaces(p))
	}
	for range x.upTo(2) {
		if x.chance(2) {
			parts = append(parts, x.match(p))
		}
	}
	return words(append(parts, target)...)
}

func (x xtables) addresses() string {
	return x.one(
		func() string { return x.side("-d") },
		func() string { return x.side("-s") },
		func() string { return words("-s", x.prefix(), "-d", x.prefix()) },
	)
}

// side is one end; iptables-nft knows no negation of everything.
func (x xtables) side(option string) string {
	p := x.prefix()
	if strings.HasSuffix(p, "/0") {
		return words(option, p)
	}
	return words(x.not("!"), option, p)
}

// interfaces are -i and -o where the hooks have them.
func (x xtables) interfaces(p place) string {
	names := append([]string{"br-+", "docker+", "e+"}, interfaces...)
	in := func() string { return words(x.not("!"), "-i", x.of(names...)) }
	out := func() string { return words(x.not("!"), "-o", x.of(names...)) }
	var makers []func() string
	if !strings.ContainsAny(p.hooks, "OT") {
		makers = append(makers, in)
	}
	if !strings.ContainsAny(p.hooks, "PI") {
		makers = append(makers, out)
	}
	if p.hooks == "F" {
		makers = append(makers, func() string { return words(in(), out()) })
	}
	if len(makers) == 0 {
		return ""
	}
	return x.one(makers...)
}

// protocol is -p with what its extension knows.
func (x xtables) protocol() string {
	return x.one(
		func() string { return "" },
		func() string { return "-p tcp" },
		func() string { return words("-p tcp -m tcp", x.not("!"), "--dport", x.portOrSpan()) },
		func() string { return words("-p tcp -m tcp", x.not("!"), "--sport", x.sport()) },
		func() string { return words("-p tcp -m tcp", x.tcpFlags()) },
		func() string { return words("-p udp -m udp", x.not("!"), "--dport", x.portOrSpan()) },
		func() string { return words("-p udp -m udp", x.not("!"), "--sport", x.sport()) },
		func() string { return words("-p sctp -m sctp", x.not("!"), "--dport", x.portOrSpan()) },
		func() string { return words("-p", x.of("tcp", "udp", "sctp"), x.multiport()) },
		x.icmp,
		func() string { return words("! -p", x.of("tcp", "udp", "50")) },
		func() string { return words("-p", x.of("udp", "esp", "46", "sctp", "all")) },
	)
}

func (x xtables) portOrSpan() string {
	return x.one(x.port, x.port, func() string { return x.portSpan(":") }, func() string { return ":" + x.port() },
		func() string { return x.port() + ":" })
}

func (x xtables) sport() string { return x.of("40000:40020", "40000:", ":1023", "40003") }

func (x xtables) tcpFlags() string {
	return words(x.not("!"), x.of("--syn", "--tcp-flags FIN,SYN,RST,ACK SYN", "--tcp-flags SYN,ACK SYN,ACK", "--tcp-flags ALL NONE",
		"--tcp-flags RST RST", "--tcp-flags ACK,URG,PSH ACK"))
}

func (x xtables) multiport() string {
	list := x.list(",", "22", "80", "443", "8000:9000", "53", "5432", "40000:40010")
	return words("-m multiport", x.not("!"), x.of("--dports", "--sports", "--ports"), list)
}

func (x xtables) icmp() string {
	if x.is4() {
		return words("-p icmp -m icmp", x.not("!"), "--icmp-type", x.of("8", "any", "0", "3", "3/1", "11", "echo-request"))
	}
	return words("-p ipv6-icmp -m icmp6", x.not("!"), "--icmpv6-type", x.of("128", "129", "1", "1/3", "135", "echo-request"))
}

// mustProtocol is a protocol with ports, for targets that need one.
func (x xtables) mustProtocol() string {
	return words("-p", x.of("tcp", "udp", "sctp"), fmt.Sprintf("-m multiport --dports %s", x.list(",", ports...)))
}
