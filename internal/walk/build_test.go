package walk

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/xtables"
)

func prefixes(list ...string) (all []netip.Prefix) {
	for _, p := range list {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}

// machine is a Docker host with two uplinks and the rules of an iptables-save, of IPv4 and of IPv6.
func machine(t testing.TB, text4, text6 string) *netfilter.Machine {
	t.Helper()
	m := &netfilter.Machine{
		Rules: &netfilter.Ruleset{},
		Interfaces: []host.Interface{
			{Name: "lo", Loopback: true, Addresses: prefixes("127.0.0.1/8", "::1/128")},
			{Name: "eth0", Addresses: prefixes("203.0.113.10/24", "2001:db8::10/64", "fe80::10/64")},
			{Name: "eth1", Addresses: prefixes("192.168.0.1/24")},
			{Name: "docker0", Kind: "bridge", Addresses: prefixes("172.17.0.1/16", "fd00:17::1/64")},
			{Name: "veth1", Master: "docker0"}, {Name: "veth2", Master: "docker0"}, {Name: "veth3", Master: "docker0"},
		},
		Sysctls: map[string]string{"net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1"},
	}
	for to, via := range map[string]string{"203.0.113.0/24": "eth0", "192.168.0.0/24": "eth1", "172.17.0.0/16": "docker0",
		"2001:db8::/64": "eth0", "fe80::/64": "eth0", "fd00:17::/64": "docker0"} {
		m.Routes = append(m.Routes, host.Route{Destination: netip.MustParsePrefix(to), Interface: via})
	}
	m.Routes = append(m.Routes,
		host.Route{Destination: netip.MustParsePrefix("0.0.0.0/0"), Gateway: netip.MustParseAddr("203.0.113.1"), Interface: "eth0"},
		host.Route{Destination: netip.MustParsePrefix("::/0"), Gateway: netip.MustParseAddr("fe80::1"), Interface: "eth0"})
	for family, text := range map[netfilter.Family]string{netfilter.IPv4: text4, netfilter.IPv6: text6} {
		tables, unread := xtables.Parse(text, family, netfilter.XtablesNFT, nil)
		if len(unread) > 0 {
			t.Fatal(unread)
		}
		m.Rules.Tables = append(m.Rules.Tables, tables...)
	}
	return m
}

// save is the text of one table; built-in chains are those that rules name, with the policies of "CHAIN POLICY" lines.
func save(table string, lines ...string) string {
	var chains, rules []string
	declare := func(name, policy string) {
		line := fmt.Sprintf(":%s %s [0:0]", name, policy)
		if !slices.ContainsFunc(chains, func(c string) bool { return strings.HasPrefix(c, ":"+name+" ") }) {
			chains = append(chains, line)
		}
	}
	for _, l := range lines {
		words := strings.Fields(l)
		if len(words) == 2 {
			declare(words[0], words[1])
			continue
		}
		policy := "-"
		if slices.Contains([]string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}, words[1]) {
			policy = "ACCEPT"
		}
		declare(words[1], policy)
		rules = append(rules, l)
	}
	return fmt.Sprintf("*%s\n%s\n%s\nCOMMIT\n", table, strings.Join(chains, "\n"), strings.Join(rules, "\n"))
}

// packet reads "eth0 198.51.100.7:40000 > 203.0.113.10:8123/tcp"; "-" is this host, and icmp has no ports.
func packet(t testing.TB, text string) netfilter.Packet {
	t.Helper()
	words := strings.Fields(text)
	to, protocol, _ := strings.Cut(words[3], "/")
	p := netfilter.Packet{In: strings.TrimPrefix(words[0], "-"), Length: 60}
	p.Source, p.SourcePort = endpoint(words[1])
	p.Destination, p.DestinationPort = endpoint(to)
	switch protocol {
	case "tcp":
		p.Protocol = protocolTCP
	case "udp":
		p.Protocol = protocolUDP
	case "icmp":
		p.Protocol, p.ICMPType, p.ICMPID = protocolICMP, 8, 7
	case "icmp6":
		p.Protocol, p.ICMPType, p.ICMPID = protocolICMPv6, 128, 7
	default:
		n, err := strconv.ParseUint(protocol, 10, 8)
		if err != nil {
			t.Fatal(text)
		}
		p.Protocol = uint8(n)
	}
	return p
}

func endpoint(text string) (netip.Addr, uint16) {
	if p, err := netip.ParseAddrPort(text); err == nil {
		return p.Addr(), p.Port()
	}
	return netip.MustParseAddr(text), 0
}

// told is the ends of a trace's ways, "dropped filter FORWARD rule 1 | forwarded docker0 SOURCE > DESTINATION".
func told(trace *Trace) string {
	var ends []string
	for _, w := range trace.Ways {
		ends = append(ends, toldEnd(w.End))
	}
	slices.Sort(ends)
	return strings.Join(ends, " | ")
}

func toldEnd(e End) string {
	text := e.Kind.String()
	switch {
	case e.Rule != nil:
		text += " " + e.Rule.String()
	case e.Chain != nil:
		text += " " + e.Chain.Table.Name + " " + e.Chain.Name
	}
	if e.Kind == Forwarded {
		text += " " + e.Out
	}
	if e.Passes() {
		text += " " + tupleOf(&e.Packet).String()
	}
	return text
}

type example struct {
	name, packet, want string
	moment             Moment
}

func check(t *testing.T, m *netfilter.Machine, examples []example) {
	t.Helper()
	w := New(m)
	for _, e := range examples {
		q := Question{Packet: packet(t, e.packet), Moment: e.moment}
		trace := w.Follow(q)
		if got := told(trace); got != e.want {
			t.Errorf("%s: %s %s:\ngot  %s\nwant %s", e.name, e.packet, e.moment, got, e.want)
			for _, way := range trace.Ways {
				t.Logf("%q because %q", way.End.With, way.Because)
			}
		}
	}
}
