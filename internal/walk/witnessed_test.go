package walk

import (
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// What the kernel was seen to do otherwise than walk once said (package pathwitness).
func TestWitnessedRoutes(t *testing.T) {
	dnat := save("nat", "-A PREROUTING -p tcp -j DNAT --to-destination 172.17.0.2")
	m := machine(t, dnat, "")
	m.Sysctls["net.bridge.bridge-nf-call-iptables"] = "1"
	check(t, m, []example{
		{"DNAT from the bridge back onto it is bridged", "docker0 172.17.0.3:5000 > 203.0.113.10:80/tcp",
			"forwarded docker0 172.17.0.3:5000 → 172.17.0.2:80", First},
		{"what came to a group is not forwarded", "eth0 198.51.100.7:5000 > 224.0.0.251:80/tcp", "no route", First},
		{"a broadcast address is a source, without rp_filter", "eth1 203.0.113.255:5000 > 203.0.113.10:53/udp",
			"delivered 203.0.113.255:5000 → 203.0.113.10:53", First},
		{"but not where it could be told of a shorter way", "eth0 203.0.113.255:5000 > 198.51.100.7:53/udp", "no route", First},
	})
	check(t, m, []example{
		{"a martian is not bridged either", "docker0 255.255.255.255:5000 > 203.0.113.10:80/tcp", "no route", First},
	})
	way := New(m).Follow(Question{Packet: packet(t, "docker0 172.17.0.3:5000 > 203.0.113.10:80/tcp")}).Ways[0]
	if way.End.Packet.TTL != 64 {
		t.Errorf("a bridged packet has a time to live of %d", way.End.Packet.TTL)
	}
}

func TestWitnessedNAT(t *testing.T) {
	masquerade := save("nat", "-A POSTROUTING -j MASQUERADE")
	check(t, machine(t, masquerade, masquerade), []example{
		{"over the loopback interface any address of the host", "- 172.17.0.1:5000 > 203.0.113.10:80/tcp",
			"delivered 172.17.0.1:5000 → 203.0.113.10:80 | delivered 192.168.0.1:5000 → 203.0.113.10:80 | delivered 203.0.113.10:5000 → 203.0.113.10:80", First},
		{"in IPv6 the one that is called", "- fd00:17::1:5000 > 2001:db8::10/46", "delivered 2001:db8::10 → 2001:db8::10", First},
	})
	redirect := save("nat", "-A PREROUTING -j REDIRECT")
	check(t, machine(t, "", redirect), []example{
		{"a group of the link: the address of the link", "eth0 2001:db8::7 > ff02::fb/icmp6", "delivered 2001:db8::7 → fe80::10", First},
		{"a group of the site: none", "eth0 2001:db8::7 > ff05::2/icmp6", "dropped nat PREROUTING rule 1", First},
	})
}

// An SCTP answer to what conntrack did not see begins no conversation, and one that it does begin is not an answer.
func TestWitnessedAnswers(t *testing.T) {
	text := save("raw", "-A PREROUTING -i eth0 -j CT --notrack") + save("filter", "OUTPUT ACCEPT",
		"-A OUTPUT -m conntrack --ctstate NEW --ctdir ORIGINAL -j DROP", "-A OUTPUT -m conntrack --ctstate INVALID -j REJECT")
	check(t, machine(t, text, ""), []example{
		{"udp", "eth0 198.51.100.7:5000 > 203.0.113.10:53/udp", "dropped filter OUTPUT rule 1", Answer},
		{"sctp", "eth0 198.51.100.7:5000 > 203.0.113.10:53/132", "rejected filter OUTPUT rule 2", Answer},
	})
}

// A nat chain alone does not switch conntrack on, and is not run without it.
func TestWitnessedNATWithoutConntrack(t *testing.T) {
	for text, runs := range map[string]bool{
		"-A PREROUTING -p tcp -m tcp --dport 1 -j ACCEPT":                           false,
		"-A PREROUTING -p tcp -m tcp --dport 1 -j DNAT --to-destination 172.17.0.2": true,
	} {
		trace := New(machine(t, save("nat", text), "")).Follow(Question{Packet: packet(t, "eth0 198.51.100.7:5000 > 203.0.113.10:53/udp")})
		ran := strings.Contains(policies(trace.Ways[0]), "PREROUTING")
		if ran != runs {
			t.Errorf("%s: the chain was run: %v", text, ran)
		}
	}
}

func policies(w Way) string {
	var names []string
	for _, s := range w.Steps {
		if s.Kind == PolicyApplied {
			names = append(names, s.Chain.Name)
		}
	}
	return strings.Join(names, " ")
}

// Of chains with the priority of NAT, those that were registered before the first nat chain run after it.
func TestWitnessedTieWithNAT(t *testing.T) {
	table := &netfilter.Table{Family: netfilter.Inet, Name: "t"}
	add := func(name string, kind netfilter.ChainType) *netfilter.Chain {
		c := &netfilter.Chain{Table: table, Name: name, Base: &netfilter.Base{Hook: netfilter.Postrouting,
			Priority: netfilter.PrioritySource, Type: kind, Policy: netfilter.Accept}}
		table.Chains = append(table.Chains, c)
		return c
	}
	add("before", netfilter.FilterChain)
	nat := add("nat", netfilter.NATChain)
	nat.Rules = []*netfilter.Rule{{Chain: nat, Number: 1, Steps: []netfilter.Step{
		netfilter.Test{Field: netfilter.ConntrackState, Mask: netfilter.AllOnes, Values: netfilter.One(netfilter.Small(1))}}}}
	add("after", netfilter.FilterChain)
	m := machine(t, "", "")
	m.Rules.Tables = []*netfilter.Table{table}
	trace := New(m).Follow(Question{Packet: packet(t, "docker0 172.17.0.2:5000 > 198.51.100.7:443/tcp")})
	if got := policies(trace.Ways[0]); got != "after nat before" {
		t.Errorf("the chains ran in the order %q", got)
	}
}

// Nothing is known of what follows a first packet of which nothing is known; and two choices in one rule are two.
func TestWitnessedForks(t *testing.T) {
	limit := "-m limit --limit 1/hour"
	check(t, machine(t, save("nat", "-A PREROUTING "+limit+" -j DNAT --to-destination 172.17.0.2-172.17.0.3"), ""), []example{
		{"a limit before a range", "eth0 198.51.100.7:5000 > 203.0.113.10:80/tcp", "delivered 198.51.100.7:5000 → 203.0.113.10:80 | " +
			"forwarded docker0 198.51.100.7:5000 → 172.17.0.2:80 | forwarded docker0 198.51.100.7:5000 → 172.17.0.3:80", First},
	})
	check(t, machine(t, save("mangle", "-A PREROUTING "+limit+" -j FROBNICATE"), ""), []example{
		{"unknown at first", "eth0 198.51.100.7:5000 > 203.0.113.10:80/tcp",
			"delivered 198.51.100.7:5000 → 203.0.113.10:80 | unknown mangle PREROUTING rule 1 | unknown mangle PREROUTING rule 1", Later},
	})
}
