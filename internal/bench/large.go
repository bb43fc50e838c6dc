package bench

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
)

// containerAt is the address of the n-th container of a large host, from 0; the first is the world's.
func containerAt(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{172, 17, byte((n + 2) / 250), byte((n+2)%250 + 1)}).Prev()
}

// portOf is the n-th container's published port; the first has the world's.
func portOf(n int) int {
	if n == 0 {
		return port
	}
	return 10000 + n
}

// dockerSave is an iptables-save of a host with so many containers, each with one published port, and so many rules in
// DOCKER-USER, as people write them: a source and a dialled port each. The last one refuses the rest.
func dockerSave(containers, rules int) string {
	var b strings.Builder
	b.WriteString("*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n" +
		":DOCKER - [0:0]\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n" +
		"-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER\n" +
		"-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE\n-A DOCKER -i docker0 -j RETURN\n")
	for i := range containers {
		fmt.Fprintf(&b, "-A DOCKER ! -i docker0 -p tcp -m tcp --dport %d -j DNAT --to-destination %s:80\n", portOf(i), containerAt(i))
	}
	b.WriteString("COMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:DOCKER - [0:0]\n" +
		":DOCKER-USER - [0:0]\n-A FORWARD -j DOCKER-USER\n" +
		"-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A FORWARD -o docker0 -j DOCKER\n" +
		"-A FORWARD -i docker0 ! -o docker0 -j ACCEPT\n")
	for i := range containers {
		fmt.Fprintf(&b, "-A DOCKER -d %s/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT\n", containerAt(i))
	}
	for i := range rules - 1 {
		fmt.Fprintf(&b, "-A DOCKER-USER -s 10.%d.%d.0/24 -i eno1 -p tcp -m conntrack --ctorigdstport %d --ctdir ORIGINAL -j ACCEPT\n",
			i/250%250, i%250, 10001+i%5000)
	}
	if rules > 0 {
		b.WriteString("-A DOCKER-USER -i eno1 -o docker0 -j REJECT --reject-with icmp-port-unreachable\n")
	}
	return b.String() + "COMMIT\n"
}

// firewallSave is a hand-made firewall of so many rules of all shapes in a chain: FORWARD, before Docker's, or DOCKER-USER.
func firewallSave(rules int, chain string) string {
	var b strings.Builder
	for i := range rules {
		source, destination := fmt.Sprintf("10.%d.%d.0/24", i/250, i%250), fmt.Sprintf("172.%d.%d.0/24", 16+i%16, i%250)
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, "-A %s -s %s -d %s -p tcp -m tcp --dport %d -j ACCEPT\n", chain, source, destination, 1+i%60000)
		case 1:
			fmt.Fprintf(&b, "-A %s -s %s -p udp -m multiport --dports %d,%d:%d -j DROP\n", chain, source, 1+i%1000, 2000+i, 2010+i)
		case 2:
			fmt.Fprintf(&b, "-A %s -s %s -j DROP\n", chain, source)
		default:
			fmt.Fprintf(&b, "-A %s -i eno1 -d %s -p tcp -m tcp --sport 1024:65535 --dport %d -j REJECT --reject-with icmp-port-unreachable\n",
				chain, destination, 1+i%1000)
		}
	}
	const before = "-A FORWARD -j DOCKER-USER\n"
	return strings.Replace(dockerSave(2, 0), before, b.String()+before, 1)
}

// manyContainers is the inventory of the same host.
func manyContainers(containers int) *host.Host {
	h := inventory()
	h.Containers = nil
	for i := range containers {
		h.Containers = append(h.Containers, host.Container{
			ID: fmt.Sprintf("c%d", i), Name: fmt.Sprintf("container-%d", i), Running: true,
			Endpoints: []host.Endpoint{{Network: "bridge", IPv4: containerAt(i)}},
			Publications: []host.Publication{{Protocol: host.TCP, HostAddress: netip.IPv4Unspecified(),
				HostPort: uint16(portOf(i)), ContainerPort: 80}},
		})
	}
	return h
}
