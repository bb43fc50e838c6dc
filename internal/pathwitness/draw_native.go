package pathwitness

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/netfilter"
)

var bothFamilies = []netfilter.Family{netfilter.IPv4, netfilter.IPv6}

// native draws tables of nft. An inet table's rules are of either family.
type native struct {
	draw
	table string // the table's family: "ip", "ip6", "inet"
	// protocol is what a rule speaks of: "tcp", "udp", "sctp", "icmp", "th" (any with ports) or "other" (any).
	protocol string
}

// drawNative is a text for nft -f.
func drawNative(d draw) string {
	var b strings.Builder
	for i := range rapid.IntRange(1, 3).Draw(d.t, "tables") {
		n := native{draw: d, table: d.of("inet", "ip", "ip6")}
		n.tableText(&b, fmt.Sprintf("native%d", i))
	}
	return b.String()
}

// ofTable makes the draws of a rule ones of a family that the table has.
func (n native) ofTable() native {
	switch n.table {
	case "ip":
		n.family = netfilter.IPv4
	case "ip6":
		n.family = netfilter.IPv6
	default:
		n.family = rapid.SampledFrom(bothFamilies).Draw(n.t, "family")
	}
	return n
}

// base is a base chain that a table may have.
type base struct{ kind, hook, priorities string }

// bases are what hooks and priorities rules are written for. The kernel runs all nat chains at the priority of its own
// NAT, in the order of theirs.
var bases = []base{
	{"filter", "forward", "filter -10 10 50 -1"}, {"filter", "input", "filter -10 10 security"},
	{"filter", "output", "filter -10 mangle -150"}, {"filter", "prerouting", "mangle raw -250 -180 -90 filter"},
	{"filter", "postrouting", "srcnat 50 mangle 150"}, {"nat", "prerouting", "dstnat -90 -150 -99"},
	{"nat", "postrouting", "srcnat 90 150"}, {"nat", "output", "-100 -90"}, {"nat", "input", "100 50"},
	{"route", "output", "mangle -120"},
}

func (n native) tableText(b *strings.Builder, name string) {
	line(b, "table %s %s {", n.table, name)
	if n.sets(b) {
		for _, c := range []string{"deep3", "deep2", "deep1"} {
			n.chain(b, c, "", place{"filter", c, "any", deeper(c)}, 4)
		}
	}
	for _, one := range bases {
		if !n.chance(3) {
			continue
		}
		policy := ""
		if one.kind == "filter" && n.chance(8) {
			policy = "; policy drop"
		}
		head := fmt.Sprintf("type %s hook %s priority %s%s", one.kind, one.hook, n.of(strings.Fields(one.priorities)...), policy)
		chain := one.kind + "-" + one.hook
		n.chain(b, chain, head, place{one.kind, chain, one.hook, deeper(chain)}, 8)
	}
	line(b, "}")
}

// deeper are the chains that one may lead to.
func deeper(chain string) []string {
	switch chain {
	case "deep3":
		return nil
	case "deep2":
		return []string{"deep3"}
	case "deep1":
		return []string{"deep2", "deep3"}
	}
	return []string{"deep1", "deep2", "deep3"}
}

func (n native) chain(b *strings.Builder, name, head string, p place, most int) {
	line(b, " chain %s {", name)
	if head != "" {
		line(b, "  %s", head)
	}
	for range n.upTo(most) {
		line(b, "  %s", n.ofTable().rule(p))
	}
	line(b, " }")
}

// sets declares what rules look into. They are there always, so that rules can count on them.
func (n native) sets(b *strings.Builder) bool {
	n = n.ofTable()
	kind, family := "ipv4_addr", netfilter.IPv4
	if n.table == "ip6" {
		kind, family = "ipv6_addr", netfilter.IPv6
	}
	d := n.draw
	d.family = family
	set := func(name, typ, flags string, elements ...string) {
		line(b, " set %s {\n  type %s%s%s\n }", name, typ, flags, held(elements))
	}
	set("addresses", kind, "", d.some(d.address)...)
	set("networks", kind, "\n  flags interval\n  auto-merge", d.some(d.network, func() string { return d.addressSpan("-") })...)
	set("dports", "inet_service", "\n  flags interval\n  auto-merge", d.some(d.port, func() string { return d.portSpan("-") })...)
	set("links", "ifname", "\n  flags interval", d.some(func() string { return d.of(`"eno1"`, `"docker0"`, `"br-*"`, `"wg0"`) })...)
	set("pairs", kind+" . inet_service", "\n  flags interval", d.some(func() string { return d.address() + " . " + d.port() })...)
	set("triples", "ifname . "+kind+" . inet_service", "",
		d.some(func() string { return `"` + d.of(interfaces...) + `" . ` + d.address() + " . " + d.port() })...)
	set("seen", kind, "\n  flags dynamic,timeout\n  timeout 10m")
	set("markset", "mark", "", d.some(func() string { return d.of(marks...) })...)
	n.maps(b, d, kind)
	return true
}

func (n native) maps(b *strings.Builder, d draw, kind string) {
	one := func(name, typ, flags string, keys func() string, values func() string) {
		var elements []string
		for _, key := range d.some(keys) {
			elements = append(elements, key+" : "+values())
		}
		line(b, " map %s {\n  type %s%s%s\n }", name, typ, flags, held(elements))
	}
	line(b, " chain deep3 {\n }\n chain deep2 {\n }\n chain deep1 {\n }")
	one("verdicts", "inet_service : verdict", "", d.port,
		func() string { return d.of("accept", "drop", "jump deep3", "goto deep3", "return", "continue") })
	one("bylink", "ifname : verdict", "", func() string { return `"` + d.of(interfaces...) + `"` },
		func() string { return d.of("accept", "drop", "jump deep3", "goto deep3") })
	one("tomark", kind+" : mark", "", d.address, func() string { return d.of(marks...) })
	one("totarget", "inet_service : "+kind, "", d.port, d.container)
	one("toboth", "inet_service : "+kind+" . inet_service", "", d.port, func() string { return d.container() + " . " + d.port() })
}

// some are a few different words.
func (d draw) some(makers ...func() string) []string {
	var all []string
	seen := map[string]bool{}
	for range d.upTo(4) {
		if word := d.one(makers...); !seen[word] {
			seen[word] = true
			all = append(all, word)
		}
	}
	return all
}

func held(elements []string) string {
	if len(elements) == 0 {
		return ""
	}
	return "\n  elements = { " + strings.Join(elements, ", ") + " }"
}
