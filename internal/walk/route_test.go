package walk

import (
	"testing"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
)

// Where packets go without rules: net/ipv4/route.c (ip_route_input_slow), ip_forward.c, net/ipv6/ip6_input.c, ip6_output.c.
func TestRoutes(t *testing.T) {
	for name, one := range map[string]struct {
		packet, want string
		sysctls      []string // NAME=VALUE
	}{
		"to the host":                    {"eth0 198.51.100.7:1 > 203.0.113.10:22/tcp", "delivered 198.51.100.7:1 → 203.0.113.10:22", nil},
		"to its address on another link": {"eth0 198.51.100.7:1 > 192.168.0.1:22/tcp", "delivered 198.51.100.7:1 → 192.168.0.1:22", nil},
		"through":                        {"eth0 198.51.100.7:1 > 192.168.0.9:22/tcp", "forwarded eth1 198.51.100.7:1 → 192.168.0.9:22", nil},
		"not through":                    {"eth0 198.51.100.7:1 > 192.168.0.9:22/tcp", "no route", []string{"net.ipv4.ip_forward=0"}},
		"one interface forwards": {"eth0 198.51.100.7:1 > 192.168.0.9:22/tcp", "forwarded eth1 198.51.100.7:1 → 192.168.0.9:22",
			[]string{"net.ipv4.ip_forward=0", "net.ipv4.conf.eth0.forwarding=1"}},
		"loopback from outside":       {"eth0 198.51.100.7:1 > 127.0.0.1:22/tcp", "no route", nil},
		"route_localnet":              {"eth0 198.51.100.7:1 > 127.0.0.1:22/tcp", "delivered 198.51.100.7:1 → 127.0.0.1:22", []string{"net.ipv4.conf.eth0.route_localnet=1"}},
		"route_localnet for all":      {"eth0 198.51.100.7:1 > 127.9.9.9:22/tcp", "delivered 198.51.100.7:1 → 127.9.9.9:22", []string{"net.ipv4.conf.all.route_localnet=1"}},
		"a loopback source":           {"eth0 127.0.0.1:1 > 203.0.113.10:22/tcp", "no route", nil},
		"the host's own source":       {"eth0 192.168.0.1:1 > 203.0.113.10:22/tcp", "no route", nil},
		"a group as source":           {"eth0 224.1.2.3:1 > 203.0.113.10:22/tcp", "no route", nil},
		"nobody as source":            {"eth0 0.0.0.0:1 > 203.0.113.10:22/tcp", "no route", nil},
		"to all":                      {"eth0 0.0.0.0:68 > 255.255.255.255:67/udp", "delivered 0.0.0.0:68 → 255.255.255.255:67", nil},
		"to all of a link":            {"eth0 203.0.113.7:1 > 203.0.113.255:67/udp", "delivered 203.0.113.7:1 → 203.0.113.255:67", nil},
		"all of another link":         {"eth0 203.0.113.7:1 > 192.168.0.255:67/udp", "delivered 203.0.113.7:1 → 192.168.0.255:67", nil},
		"all hosts":                   {"eth0 203.0.113.7:1 > 224.0.0.1:67/udp", "delivered 203.0.113.7:1 → 224.0.0.1:67", nil},
		"a group":                     {"eth0 203.0.113.7:1 > 224.0.0.251:5353/udp", "delivered 203.0.113.7:1 → 224.0.0.251:5353 | no route", nil},
		"strict rp_filter":            {"eth1 198.51.100.7:1 > 192.168.0.1:22/tcp", "no route", []string{"net.ipv4.conf.eth1.rp_filter=1"}},
		"strict for all":              {"eth1 198.51.100.7:1 > 192.168.0.1:22/tcp", "no route", []string{"net.ipv4.conf.all.rp_filter=1"}},
		"loose rp_filter":             {"eth1 198.51.100.7:1 > 192.168.0.1:22/tcp", "delivered 198.51.100.7:1 → 192.168.0.1:22", []string{"net.ipv4.conf.eth1.rp_filter=2", "net.ipv4.conf.all.rp_filter=1"}},
		"no rp_filter":                {"eth1 198.51.100.7:1 > 192.168.0.1:22/tcp", "delivered 198.51.100.7:1 → 192.168.0.1:22", nil},
		"from the host":               {"- 203.0.113.10:1 > 198.51.100.7:443/tcp", "forwarded eth0 203.0.113.10:1 → 198.51.100.7:443", nil},
		"from the host to itself":     {"- 127.0.0.1:1 > 127.0.0.1:22/tcp", "delivered 127.0.0.1:1 → 127.0.0.1:22", nil},
		"without a source":            {"- 0.0.0.0:1 > 172.17.0.2:22/tcp", "forwarded docker0 172.17.0.1:1 → 172.17.0.2:22", nil},
		"loopback does not leave":     {"- 127.0.0.1:1 > 172.17.0.2:22/tcp", "no route", nil},
		"IPv6 to the host":            {"eth0 2001:db8:1::7 > 2001:db8::10/6", "delivered 2001:db8:1::7 → 2001:db8::10", nil},
		"IPv6 through":                {"eth0 2001:db8:1::7 > fd00:17::2/6", "forwarded docker0 2001:db8:1::7 → fd00:17::2", nil},
		"IPv6 not through":            {"eth0 2001:db8:1::7 > fd00:17::2/6", "no route", []string{"net.ipv6.conf.all.forwarding=0", "net.ipv6.conf.eth0.forwarding=1"}},
		"IPv6 loopback from outside":  {"eth0 2001:db8:1::7 > ::1/6", "no route", nil},
		"IPv6 loopback as source":     {"eth0 ::1 > 2001:db8::10/6", "no route", nil},
		"link-local to the host":      {"eth0 fe80::7 > fe80::10/6", "delivered fe80::7 → fe80::10", nil},
		"link-local of another link":  {"docker0 fe80::7 > fe80::10/6", "no route", nil},
		"link-local is not forwarded": {"eth0 fe80::7 > fd00:17::2/6", "no route", nil},
		"all nodes":                   {"eth0 fe80::7 > ff02::1/icmp6", "delivered fe80::7 → ff02::1", nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := machine(t, "", "")
			setting(m, one.sysctls...)
			check(t, m, []example{{name, one.packet, one.want, First}})
		})
	}
}

func setting(m *netfilter.Machine, pairs ...string) {
	for _, pair := range pairs {
		name, value := cutAt(pair)
		m.Sysctls[name] = value
	}
}

func cutAt(pair string) (string, string) {
	for i := range pair {
		if pair[i] == '=' {
			return pair[:i], pair[i+1:]
		}
	}
	return pair, ""
}

// The hop is counted before forward, and a packet at its end is not forwarded (ip_forward).
func TestTimeToLive(t *testing.T) {
	w := New(machine(t, dropping("-m ttl --ttl-eq 9"), ""))
	for ttl, want := range map[uint8]string{1: "no route", 9: "forwarded docker0 198.51.100.7:40000 → 172.17.0.2:80", 10: droppedIt} {
		p := packet(t, toServer)
		p.TTL = ttl
		if got := told(w.Follow(Question{Packet: p})); got != want {
			t.Errorf("ttl %d: got %s, want %s", ttl, got, want)
		}
	}
}

// Of several equal routes each is possible.
func TestEqualRoutes(t *testing.T) {
	m := machine(t, "", "")
	for _, via := range []string{"eth0", "eth1"} {
		m.Routes = append(m.Routes, host.Route{Destination: prefixes("10.0.0.0/8")[0], Interface: via})
	}
	check(t, m, []example{{"both", "docker0 172.17.0.2:1 > 10.1.2.3:1/tcp", "forwarded eth0 172.17.0.2:1 → 10.1.2.3:1 | forwarded eth1 172.17.0.2:1 → 10.1.2.3:1", First}})
}

// Types of addresses and the way back, as rules see them (nft_fib_ipv4.c, xt_addrtype.c, xt_rpfilter.c).
func TestAddressTypes(t *testing.T) {
	for match, want := range map[string]bool{
		"-m addrtype --dst-type LOCAL":                  true,
		"-m addrtype --dst-type UNICAST":                false,
		"-m addrtype ! --dst-type LOCAL":                false,
		"-m addrtype --src-type UNICAST":                true,
		"-m addrtype --src-type LOCAL":                  false,
		"-m addrtype --dst-type LOCAL --limit-iface-in": false,
		"-m rpfilter":          false,
		"-m rpfilter --invert": true,
	} {
		m := machine(t, save("raw", "-A PREROUTING "+match+" -j DROP"), "")
		got := told(New(m).Follow(Question{Packet: packet(t, "eth1 198.51.100.7:1 > 203.0.113.10:22/tcp")}))
		if dropped := got == "dropped raw PREROUTING rule 1"; dropped != want {
			t.Errorf("%s: %s", match, got)
		}
	}
}

// Rules of output see the interface that was chosen first, those of postrouting the one after DNAT (nf_nat_ipv4_local_fn).
func TestOutputAfterDNAT(t *testing.T) {
	nat := save("nat", "-A OUTPUT -p tcp -m tcp --dport 8123 -j DNAT --to-destination 172.17.0.2:80")
	local, remote := "- 203.0.113.10:1 > 203.0.113.10:8123/tcp", "- 127.0.0.1:1 > 127.0.0.1:8123/tcp"
	check(t, machine(t, nat+save("filter", "-A OUTPUT -o docker0 -j DROP", "-A OUTPUT -o lo -j REJECT"), ""), []example{
		{"lo", local, "rejected filter OUTPUT rule 2", First}})
	check(t, machine(t, nat+save("mangle", "-A POSTROUTING -o lo -j DROP"), ""), []example{
		{"docker0", local, "forwarded docker0 203.0.113.10:1 → 172.17.0.2:80", First},
		{"a loopback source cannot leave", remote, "no route", First}})
}

// Packets of a bridge's own network only cross it: past the rules, or through them (br_netfilter_hooks.c).
func TestBridged(t *testing.T) {
	across := "docker0 172.17.0.2:1 > 172.17.0.3:80/tcp"
	rules := save("filter", "-A FORWARD -m physdev --physdev-in veth1 --physdev-out veth3 -j DROP", "-A FORWARD -i docker0 -o docker0 -j REJECT")
	check(t, machine(t, rules, ""), []example{{"past", across, "forwarded docker0 172.17.0.2:1 → 172.17.0.3:80", First}})
	m := machine(t, rules, "")
	setting(m, "net.bridge.bridge-nf-call-iptables=1")
	p := packet(t, across)
	for in, want := range map[string]string{"veth1": "dropped filter FORWARD rule 1 | rejected filter FORWARD rule 2", "veth2": "rejected filter FORWARD rule 2"} {
		p.PhysicalIn = in
		if got := told(New(m).Follow(Question{Packet: p})); got != want {
			t.Errorf("from %s: got %s, want %s", in, got, want)
		}
	}
	check(t, m, []example{{"to the host", "docker0 172.17.0.2:1 > 172.17.0.1:80/tcp", "delivered 172.17.0.2:1 → 172.17.0.1:80", First}})
	hairpin := machine(t, save("nat", "-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.0.9"), "")
	setting(hairpin, "net.bridge.bridge-nf-call-iptables=1")
	check(t, hairpin, []example{{"moved off the bridge", across, "forwarded eth1 172.17.0.2:1 → 192.168.0.9:80", First}})
	back := machine(t, save("nat", "-A PREROUTING -p tcp -m tcp --dport 8123 -j DNAT --to-destination 172.17.0.3:80")+
		dropping("-m physdev --physdev-is-bridged -m ttl --ttl-eq 64"), "")
	setting(back, "net.bridge.bridge-nf-call-iptables=1", "net.ipv4.ip_forward=0")
	check(t, back, []example{{"moved back onto it: no hop, no forwarding", "docker0 172.17.0.2:1 > 203.0.113.10:8123/tcp", droppedIt, First}})
}
