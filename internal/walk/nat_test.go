package walk

import (
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
)

const published = `*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8123 -j DNAT --to-destination 172.17.0.2:80
COMMIT
`

// A published port, there and back: the destination of the first packet is changed before routing, the source of the
// answer after it (nf_nat_packet).
func TestPublishedPort(t *testing.T) {
	in := "eth0 198.51.100.7:40000 > 203.0.113.10:8123/tcp"
	check(t, machine(t, published, ""), []example{
		{"in", in, "forwarded docker0 198.51.100.7:40000 → 172.17.0.2:80", First},
		{"later", in, "forwarded docker0 198.51.100.7:40000 → 172.17.0.2:80", Later},
		{"back", in, "forwarded eth0 203.0.113.10:8123 → 198.51.100.7:40000", Answer},
		{"another port is the host's", "eth0 198.51.100.7:40000 > 203.0.113.10:8124/tcp", "delivered 198.51.100.7:40000 → 203.0.113.10:8124", First},
		{"another address of the host", "eth0 198.51.100.7:40000 > 192.168.0.1:8123/tcp", "forwarded docker0 198.51.100.7:40000 → 172.17.0.2:80", First},
		{"the host itself", "- 203.0.113.10:40000 > 203.0.113.10:8123/tcp", "forwarded docker0 203.0.113.10:40000 → 172.17.0.2:80", First},
		{"loopback is not translated", "- 127.0.0.1:40000 > 127.0.0.1:8123/tcp", "delivered 127.0.0.1:40000 → 127.0.0.1:8123", First},
		{"a container, out", "docker0 172.17.0.2:5000 > 198.51.100.7:443/tcp", "forwarded eth0 203.0.113.10:5000 → 198.51.100.7:443", First},
		{"and back", "docker0 172.17.0.2:5000 > 198.51.100.7:443/tcp", "forwarded docker0 198.51.100.7:443 → 172.17.0.2:5000", Answer},
		{"by another link", "docker0 172.17.0.2:5000 > 192.168.0.9:443/udp", "forwarded eth1 192.168.0.1:5000 → 192.168.0.9:443", First},
		{"an echo", "docker0 172.17.0.2 > 198.51.100.7/icmp", "forwarded docker0 198.51.100.7 → 172.17.0.2", Answer},
	})
}

// What NAT asks for, and what it gives (nf_nat_core.c, get_unique_tuple; nf_nat_redirect.c; xt_NETMAP.c).
func TestTargets(t *testing.T) {
	in, out := "eth0 198.51.100.7:40000 > 203.0.113.10:80/tcp", "docker0 172.17.0.2:5000 > 198.51.100.7:443/tcp"
	for name, one := range map[string]struct{ rule, packet, want string }{
		"redirect":           {"-A PREROUTING -p tcp -j REDIRECT --to-ports 3128", "eth0 198.51.100.7:40000 > 9.9.9.9:80/tcp", "delivered 198.51.100.7:40000 → 203.0.113.10:3128"},
		"redirect in output": {"-A OUTPUT -p tcp -j REDIRECT --to-ports 3128", "- 203.0.113.10:40000 > 9.9.9.9:80/tcp", "delivered 203.0.113.10:40000 → 127.0.0.1:3128"},
		"no range of ports":  {"-A PREROUTING -j DNAT --to-destination 172.17.0.2", in, "forwarded docker0 198.51.100.7:40000 → 172.17.0.2:80"},
		"a port in its range stays": {"-A PREROUTING -p tcp -j DNAT --to-destination 172.17.0.2:70-90", in,
			"forwarded docker0 198.51.100.7:40000 → 172.17.0.2:80"},
		"else any of it": {"-A PREROUTING -p tcp -j DNAT --to-destination 172.17.0.2:8080-8081", in,
			"forwarded docker0 198.51.100.7:40000 → 172.17.0.2:8080 | forwarded docker0 198.51.100.7:40000 → 172.17.0.2:8081"},
		"a shifted range": {"-A PREROUTING -p tcp --dport 70:90 -j DNAT --to-destination 172.17.0.2:8070-8090/70", in,
			"forwarded docker0 198.51.100.7:40000 → 172.17.0.2:8080"},
		"several addresses": {"-A PREROUTING -j DNAT --to-destination 172.17.0.2-172.17.0.3", in,
			"forwarded docker0 198.51.100.7:40000 → 172.17.0.2:80 | forwarded docker0 198.51.100.7:40000 → 172.17.0.3:80"},
		"a network": {"-A PREROUTING -j NETMAP --to 172.17.5.0/24", in, "forwarded docker0 198.51.100.7:40000 → 172.17.5.10:80"},
		"many addresses": {"-A PREROUTING -j DNAT --to-destination 172.17.1.0-172.17.1.255", in,
			"forwarded docker0 198.51.100.7:40000 → 172.17.1.0:80 | forwarded docker0 198.51.100.7:40000 → 172.17.1.255:80 | unknown nat PREROUTING rule 1"},
		"the first rule counts": {"-A PREROUTING -j DNAT --to-destination 172.17.0.2\n-A PREROUTING -j DNAT --to-destination 172.17.0.3", in,
			"forwarded docker0 198.51.100.7:40000 → 172.17.0.2:80"},
		"accept in nat goes on": {"-A PREROUTING -j ACCEPT\n-A PREROUTING -j DNAT --to-destination 172.17.0.3", in,
			"delivered 198.51.100.7:40000 → 203.0.113.10:80"},
		"source":          {"-A POSTROUTING -j SNAT --to-source 203.0.113.77:1024", out, "forwarded eth0 203.0.113.77:1024 → 198.51.100.7:443"},
		"source in input": {"-A INPUT -j SNAT --to-source 10.9.9.9", in, "delivered 10.9.9.9:40000 → 203.0.113.10:80"},
	} {
		t.Run(name, func(t *testing.T) {
			text := "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n" + one.rule + "\nCOMMIT\n"
			check(t, machine(t, text, ""), []example{{name, one.packet, one.want, First}})
		})
	}
}

// All nat chains run in nf_nat's own hook, whatever their priority; it only orders them (nf_nat_register_fn).
func TestNATChainsByPriority(t *testing.T) {
	nat := func(priority int, to string) (*netfilter.Base, []netfilter.Step) {
		a, _ := endpoint(to)
		return &netfilter.Base{Hook: netfilter.Prerouting, Priority: priority, Type: netfilter.NATChain, Policy: netfilter.Accept},
			[]netfilter.Step{netfilter.NAT{Kind: netfilter.DNAT, First: a, Last: a}}
	}
	m := nftMachine(t, netfilter.Inet, func(table *netfilter.Table) {
		late, second := nat(5, "172.17.0.3")
		early, first := nat(-150, "172.17.0.2")
		chainOf(table, "late", late, second)
		chainOf(table, "early", early, first)
		// At -120 nothing is translated yet, although the nat chain's priority is -150.
		chainOf(table, "between", &netfilter.Base{Hook: netfilter.Prerouting, Priority: -120, Policy: netfilter.Accept},
			[]netfilter.Step{netfilter.Test{Field: netfilter.DestinationPort, Mask: netfilter.AllOnes, Values: netfilter.One(netfilter.Small(22))},
				netfilter.Test{Field: netfilter.DestinationAddress, Mask: netfilter.AllOnes, Values: netfilter.One(netfilter.Small(0xac110002))},
				netfilter.Verdict{Kind: netfilter.Drop}})
	})
	check(t, m, []example{
		{"early", "eth0 198.51.100.7:40000 > 203.0.113.10:80/tcp", "forwarded docker0 198.51.100.7:40000 → 172.17.0.2:80", First},
		{"not yet", "eth0 198.51.100.7:40000 > 203.0.113.10:22/tcp", "forwarded docker0 198.51.100.7:40000 → 172.17.0.2:22", First},
	})
}
