package witness

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
)

// dockerUser is what the iptables backend needs of Docker's. IPv6 is as with engines that have no rules for it.
const dockerUser = `*filter
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -j RETURN
COMMIT
`

// mesh is where the routing mesh leads: the address of swarm's ingress-sbox, on a bridge.
var mesh = netip.MustParseAddr("172.17.99.99")

// dockerRules is what an engine does with the host's publications: DNAT where the container has an address of the
// dialled family (not for link-local clients, as of Docker 28), and masquerading. docker-proxy needs no rule: a packet
// to it ends on the host.
func dockerRules(h *host.Host) string {
	var b strings.Builder
	b.WriteString("table inet docker {\n chain prerouting {\n  type nat hook prerouting priority dstnat\n")
	for i := range h.Containers {
		c := &h.Containers[i]
		if h.Owner(c) != c || !c.Running {
			continue
		}
		for _, p := range c.Publications {
			b.WriteString(dnat(h, c, p))
		}
	}
	for _, service := range h.Services {
		fmt.Fprintf(&b, "  iifname != \"docker0\" meta nfproto ipv4 fib daddr type local %s dport %d dnat ip to %s\n",
			service.Protocol, service.HostPort, netip.AddrPortFrom(mesh, service.HostPort))
	}
	b.WriteString(" }\n chain postrouting {\n  type nat hook postrouting priority srcnat\n")
	for _, n := range h.Networks {
		for _, subnet := range n.Subnets {
			if n.Bridge != "" {
				fmt.Fprintf(&b, "  %s saddr %s oifname != \"%s\" masquerade\n", family(subnet.Addr()), subnet, n.Bridge)
			}
		}
	}
	b.WriteString(" }\n}\n")
	return b.String()
}

func dnat(h *host.Host, c *host.Container, p host.Publication) string {
	target := answering(h, c, p)
	if !target.IsValid() {
		return ""
	}
	word, dialled := family(p.HostAddress), "fib daddr type local"
	if !p.HostAddress.IsUnspecified() {
		dialled = fmt.Sprintf("%s daddr %s", word, p.HostAddress)
	}
	if word == "ip6" {
		dialled += " ip6 saddr != fe80::/10"
	}
	return fmt.Sprintf("  iifname != \"%s\" meta nfproto %s %s %s dport %d dnat %s to %s\n", bridgeOf(h, target), nfproto(word),
		dialled, p.Protocol, p.HostPort, word, netip.AddrPortFrom(target, p.ContainerPort))
}

// answering is the container's address that a publication leads to by DNAT. Invalid: docker-proxy serves it.
func answering(h *host.Host, c *host.Container, p host.Publication) netip.Addr {
	for _, e := range c.Endpoints {
		address := e.IPv4
		if p.HostAddress.Is6() {
			address = e.IPv6
		}
		if address.IsValid() && bridgeOf(h, address) != "" {
			return address
		}
	}
	return netip.Addr{}
}

// bridgeOf is the bridge that a container's address is behind; "": none.
func bridgeOf(h *host.Host, address netip.Addr) string {
	for _, n := range h.Networks {
		for _, subnet := range n.Subnets {
			if n.Bridge != "" && subnet.Contains(address) {
				return n.Bridge
			}
		}
	}
	return ""
}

func family(a netip.Addr) string {
	if a.Is4() {
		return "ip"
	}
	return "ip6"
}

func nfproto(family string) string {
	if family == "ip" {
		return "ipv4"
	}
	return "ipv6"
}
