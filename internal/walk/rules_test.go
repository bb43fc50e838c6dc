package walk

import (
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
)

const routedPacket = "eth0 198.51.100.7:40000 > 172.17.0.2:80/tcp"

// Where verdicts lead (net/netfilter/nf_tables_core.c, nft_do_chain; net/ipv4/netfilter/ip_tables.c, ipt_do_table).
func TestVerdicts(t *testing.T) {
	passes := "forwarded docker0 198.51.100.7:40000 → 172.17.0.2:80"
	for name, one := range map[string]struct{ rules, want string }{
		"nothing":                               {"", passes},
		"drop":                                  {"-A FORWARD -j DROP", "dropped filter FORWARD rule 1"},
		"reject":                                {"-A FORWARD -j REJECT", "rejected filter FORWARD rule 1"},
		"accept goes past the policy":           {"FORWARD DROP;-A FORWARD -j ACCEPT", passes},
		"policy":                                {"FORWARD DROP;-A FORWARD -j LOG", "dropped filter FORWARD"},
		"a built-in chain's return":             {"FORWARD DROP;-A FORWARD -j RETURN;-A FORWARD -j ACCEPT", "dropped filter FORWARD"},
		"the end of a chain returns":            {"-A FORWARD -j A;-A FORWARD -j DROP;-A A -j LOG", "dropped filter FORWARD rule 2"},
		"return returns":                        {"-A FORWARD -j A;-A FORWARD -j DROP;-A A -j RETURN;-A A -j ACCEPT", "dropped filter FORWARD rule 2"},
		"accept in a chain ends all":            {"-A FORWARD -j A;-A FORWARD -j DROP;-A A -j ACCEPT", passes},
		"goto does not come back":               {"FORWARD DROP;-A FORWARD -g A;-A FORWARD -j ACCEPT;-A A -j LOG", "dropped filter FORWARD"},
		"return from a goto goes to its caller": {"-A FORWARD -j A;-A FORWARD -j DROP;-A A -g B;-A A -j ACCEPT;-A B -j RETURN", "dropped filter FORWARD rule 2"},
		"a rule that does not match":            {"-A FORWARD -p udp -j DROP", passes},
		"loops":                                 {"-A FORWARD -j A;-A A -j B;-A B -j A", "unknown filter FORWARD rule 1"},
		"a queue":                               {"-A FORWARD -j NFQUEUE;-A FORWARD -j DROP", "dropped filter FORWARD rule 1 | " + passes},
	} {
		t.Run(name, func(t *testing.T) {
			lines := strings.Split(one.rules, ";")
			if one.rules == "" {
				lines = []string{"-A FORWARD -j LOG"}
			}
			check(t, machine(t, save("filter", lines...), ""), []example{{name, routedPacket, one.want, First}})
		})
	}
}

// An accept ends the base chain, a drop the packet; priorities order the chains of all tables.
func TestTables(t *testing.T) {
	m := machine(t, save("mangle", "-A FORWARD -p tcp -j DROP", "-A PREROUTING -p udp -j ACCEPT")+
		save("filter", "-A FORWARD -p tcp -j REJECT", "-A FORWARD -p udp -j REJECT"), "")
	check(t, m, []example{
		{"mangle is before filter", routedPacket, "dropped mangle FORWARD rule 1", First},
		{"an accept before does not help", "eth0 198.51.100.7:40000 > 172.17.0.2:80/udp", "rejected filter FORWARD rule 2", First},
	})
}

func chainOf(t *netfilter.Table, name string, base *netfilter.Base, rules ...[]netfilter.Step) {
	c := &netfilter.Chain{Table: t, Name: name, Base: base}
	for i, steps := range rules {
		c.Rules = append(c.Rules, &netfilter.Rule{Chain: c, Number: i + 1, Steps: steps})
	}
	t.Chains = append(t.Chains, c)
}

func nftMachine(t *testing.T, family netfilter.Family, build func(*netfilter.Table)) *netfilter.Machine {
	m := machine(t, "", "")
	table := &netfilter.Table{Family: family, Name: "t"}
	build(table)
	m.Rules.Tables = append(m.Rules.Tables, table)
	return m
}

// Of two chains with one priority the one registered last runs first (nf_hook_entries_grow).
func TestTies(t *testing.T) {
	forward := &netfilter.Base{Hook: netfilter.Forward, Policy: netfilter.Accept}
	m := nftMachine(t, netfilter.Inet, func(table *netfilter.Table) {
		chainOf(table, "first", forward, []netfilter.Step{netfilter.Verdict{Kind: netfilter.Drop}})
		chainOf(table, "second", forward, []netfilter.Step{netfilter.Verdict{Kind: netfilter.Reject, With: "tcp-reset"}})
	})
	check(t, m, []example{{"the later one", routedPacket, "rejected t second rule 1", First}})
	m.Rules.Tables[0].Dormant = true
	check(t, m, []example{{"dormant", routedPacket, "forwarded docker0 198.51.100.7:40000 → 172.17.0.2:80", First}})
}

// A verdict map without the key ends the rule; with it its verdict counts (nft_lookup_eval, nft_immediate_eval).
func TestVerdictMap(t *testing.T) {
	ports := &netfilter.Set{Name: "ports", Elements: []netfilter.Element{
		{Key: []netfilter.Ranges{netfilter.One(netfilter.Small(80))}, Verdict: &netfilter.Verdict{Kind: netfilter.Jump, Chain: "web"}},
		{Key: []netfilter.Ranges{netfilter.One(netfilter.Small(22))}, Verdict: &netfilter.Verdict{Kind: netfilter.Drop}},
	}}
	byPort := netfilter.VerdictMap{Fields: []netfilter.FieldUse{{Field: netfilter.DestinationPort, Mask: netfilter.AllOnes}}, Set: ports}
	m := nftMachine(t, netfilter.IPv4, func(table *netfilter.Table) {
		chainOf(table, "forward", &netfilter.Base{Hook: netfilter.Forward, Policy: netfilter.Accept},
			[]netfilter.Step{byPort, netfilter.Verdict{Kind: netfilter.Drop}}, []netfilter.Step{netfilter.Verdict{Kind: netfilter.Reject}})
		chainOf(table, "web", nil, []netfilter.Step{netfilter.Verdict{Kind: netfilter.Accept}})
	})
	examples := []example{
		{"jump", routedPacket, "forwarded docker0 198.51.100.7:40000 → 172.17.0.2:80", First},
		{"drop", "eth0 198.51.100.7:40000 > 172.17.0.2:22/tcp", "dropped t forward rule 1", First},
		{"no key", "eth0 198.51.100.7:40000 > 172.17.0.2:23/tcp", "rejected t forward rule 2", First},
		{"no port", "eth0 198.51.100.7 > 172.17.0.2/icmp", "rejected t forward rule 2", First},
	}
	check(t, m, examples)
	ports.Unclear = "nft lists it in a way that was not understood"
	check(t, m, []example{{"unclear", routedPacket, "unknown t forward rule 1", First}})
}
