package audit

import (
	"net/netip"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
	"github.com/dockwall/dockwall/internal/netfilter/nft"
)

// findingCase is a host, and the finding of one kind that it has.
type findingCase struct {
	name      string
	kind      *Kind
	four, six string // iptables-save, ip6tables-save
	machine   func(*netfilter.Machine)
	host      func(*host.Host)
	want      string // the beginning of "severity id: subject: message"; "": none of this kind
}

const closed = "-A DOCKER-USER -i eno1 -j DROP"

func engine(version, backend string) func(*host.Host) {
	return func(h *host.Host) { h.Engine = &host.Engine{Version: version, FirewallBackend: backend} }
}

var findingCases = []findingCase{
	{name: "open", kind: OpenToInternet, four: save(""), want: "high open-to-internet: 7777/tcp (172.17.0.4): anybody on the internet reaches it"},
	{name: "closed", kind: OpenToInternet, four: save("", closed)},
	{name: "office only", kind: OpenToInternet, four: save("", "-A DOCKER-USER ! -s 10.0.0.0/8 -i eno1 -j DROP")},
	{name: "half of it", kind: OpenToInternet, four: save("", "-A DOCKER-USER ! -s 0.0.0.0/1 -i eno1 -j DROP"), want: "high open-to-internet"},

	{name: "docker-proxy", kind: OpenOverIPv6, four: save("", closed), host: proxied,
		want: "high open-over-ipv6-only: 7777/tcp (172.17.0.4): anybody on the internet reaches it over IPv6 (by docker-proxy), though not over IPv4"},
	{name: "closed in INPUT", kind: OpenOverIPv6, four: save("", closed), six: refusingInput, host: proxied},
	{name: "over both", kind: OpenOverIPv6, four: save(""), host: proxied},
	{name: "one address only", kind: OpenOverIPv6, four: save("", closed), host: proxied,
		six: "*filter\n:INPUT DROP [0:0]\n-A INPUT -s 2001:db8:7::1/128 -j ACCEPT\nCOMMIT\n"},

	{name: "an old engine", kind: LoopbackFromLink, four: onLoopback(""), host: loopbackOnlyHost,
		want: "high loopback-port-from-link: 9001/tcp (172.17.0.4): a neighbour on tailscale0 reaches it by sending packets for 127.0.0.1"},
	{name: "raw drops it", kind: LoopbackFromLink, four: onLoopback("-A PREROUTING -d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 9001 -j DROP"),
		host: loopbackOnlyHost},

	{name: "Tailscale", kind: DockerUserBypassed, four: save("-A FORWARD -j ts-forward\n", "-A DOCKER-USER ! -i docker0 -j DROP"),
		want: "high docker-user-bypassed: DOCKER-USER (IPv4): filter ts-forward rule 2 accepts packets into containers before they meet it"},
	{name: "behind it", kind: DockerUserBypassed, four: save("", "-A FORWARD -j ts-forward", closed)},

	{name: "legacy", kind: OtherVariant, four: save(""), machine: alsoLegacy(closed),
		want: "high rules-in-the-other-iptables: DOCKER-USER of iptables-legacy (IPv4): 1 rule in it without effect: Docker uses iptables-nft"},
	{name: "an empty legacy chain", kind: OtherVariant, four: save("", closed), machine: alsoLegacy("-A DOCKER-USER -j RETURN")},

	{name: "before the fix", kind: CVE54388, four: save(""), host: engine("28.3.2", "iptables+firewalld"), want: "high CVE-2025-54388: Docker 28.3.2"},
	{name: "fixed", kind: CVE54388, four: save(""), host: engine("28.3.3", "iptables+firewalld")},
	{name: "not yet there", kind: CVE54388, four: save(""), host: engine("28.1.1", "iptables+firewalld")},
	{name: "without firewalld", kind: CVE54388, four: save(""), host: engine("28.3.2", "iptables")},

	{name: "reached", kind: PowerReachable, four: save(""), host: func(h *host.Host) { h.Containers[0].DockerSocket = true },
		want: "high powerful-container-reachable: 7777/tcp (172.17.0.4): it has the Docker engine's socket, and any reaches it"},
	{name: "unreached", kind: PowerReachable, four: save("", "-A DOCKER-USER ! -i docker0 -j DROP"),
		host: func(h *host.Host) { h.Containers[0].Privileged = true }},
	{name: "on the host's network", kind: PowerReachable, four: save("", "-A DOCKER-USER ! -i docker0 -j DROP"), machine: listening("0.0.0.0:9999"),
		host: func(h *host.Host) { agent(h); h.Containers[1].Privileged = true },
		want: "high powerful-container-reachable: agent: it runs privileged and uses the host's network, where any reaches 9999/tcp: perhaps"},
	{name: "on the host's network, closed", kind: PowerReachable, four: save("", "-A DOCKER-USER ! -i docker0 -j DROP", "-A INPUT -j DROP"),
		six: refusingInput, machine: listening("0.0.0.0:9999"), host: func(h *host.Host) { agent(h); h.Containers[1].Privileged = true }},

	{name: "no chains of Docker's", kind: IP6TablesOff, four: save(""), host: dualStack, want: "high ip6tables-off: 172.17.0.4: it has fd00:17::4, and"},
	{name: "with them", kind: IP6TablesOff, four: save(""), six: strings.NewReplacer("172.17.0.0/16", "fd00:17::/64", "172.17.0.4/32", "fd00:17::4/128",
		"172.17.0.4:8123", "[fd00:17::4]:8123").Replace(save("")), host: dualStack},

	{name: "nobody's", kind: UnpublishedPort, four: save("", "-A DOCKER-USER -i eno1 -p tcp -m tcp --dport 6713 -j DROP"),
		want: "medium rule-for-an-unpublished-port: filter DOCKER-USER rule 1: no container has port 6713"},
	{name: "the published one", kind: UnpublishedPort, four: save("", "-A DOCKER-USER -i eno1 -p tcp -m tcp --dport 7777 -j DROP"),
		want: "medium rule-for-an-unpublished-port: filter DOCKER-USER rule 1: port 7777 is the published one of 172.17.0.4"},
	{name: "the dialled one", kind: UnpublishedPort, four: save("", "-A DOCKER-USER -i eno1 -p tcp -m conntrack --ctorigdstport 7777 --ctdir ORIGINAL -j DROP")},
	{name: "on the way out", kind: UnpublishedPort, four: save("", "-A DOCKER-USER -i docker0 -p tcp -m tcp --dport 25 -j DROP")},

	{name: "shadowed", kind: DeadRule, four: save("", "-A DOCKER-USER -j RETURN", closed),
		want: "medium dead-rule: filter DOCKER-USER rule 2 (IPv4): all that it would match is decided before, by rule 1 (-j RETURN)"},
	{name: "alive", kind: DeadRule, four: save("", closed, "-A DOCKER-USER -j RETURN")},

	{name: "strict", kind: StrictForwardPorts, four: save(""), machine: firewalldWith(`"jump": {"target": "filter_FORWARD_dnat"}`),
		want: "medium firewalld-strict-forward-ports: firewalld filter_FORWARD_dnat rule 2: it refuses what others than firewalld have translated"},
	{name: "not strict", kind: StrictForwardPorts, four: save(""), machine: firewalldWith(`"accept": null`)},

	{name: "before the fix", kind: CVE54410, four: save(""), host: engine("27.5.1", "iptables+firewalld"), want: "medium CVE-2025-54410: Docker 27.5.1"},
	{name: "fixed in its branch", kind: CVE54410, four: save(""), host: engine("25.0.13", "iptables+firewalld")},
	{name: "newer", kind: CVE54410, four: save(""), host: engine("28.0.0-rc.1", "iptables+firewalld")},

	{name: "drops what goes in", kind: BridgeNetfilter, four: save("", "-A DOCKER-USER -o docker0 -j DROP"), machine: bridgeNetfilter("1"),
		want: "medium bridge-netfilter: docker0"},
	{name: "off", kind: BridgeNetfilter, four: save("", "-A DOCKER-USER -o docker0 -j DROP"), machine: bridgeNetfilter("0")},
	{name: "from outside only", kind: BridgeNetfilter, four: save("", "-A DOCKER-USER ! -i docker0 -o docker0 -j DROP"), machine: bridgeNetfilter("1")},

	{name: "served", kind: ProxiedPastRules, four: save("", closed), host: proxied,
		want: "medium proxied-past-docker-user: 7777/tcp: docker-proxy serves it to clients over IPv6, and the rules in DOCKER-USER do not see them"},
	{name: "nothing is refused", kind: ProxiedPastRules, four: save(""), host: proxied},
	{name: "dockwall's own", kind: ProxiedPastRules, four: strings.NewReplacer(":DOCKER-USER - [0:0]", ":DOCKER-USER - [0:0]\n:DOCKWALL-FORWARD - [0:0]",
		"-A DOCKER-USER -i", "-A DOCKER-USER -j DOCKWALL-FORWARD\n-A DOCKWALL-FORWARD -i").Replace(save("", closed)), host: proxied},
	{name: "INPUT refuses", kind: ProxiedPastRules, four: save("", closed), six: refusingInput, host: proxied},

	{name: "routed", kind: DirectRouting, four: save(""),
		want: "medium direct-routing: 172.17.0.4: 8123/tcp of it can be reached from tailscale0 at its own address 172.17.0.4"},
	{name: "what was not translated is dropped", kind: DirectRouting, four: save("", "-A DOCKER-USER ! -i docker0 -m conntrack ! --ctstate DNAT -j DROP")},
	{name: "somebody else's NAT", kind: DirectRouting, four: save("", "-A DOCKER-USER ! -i docker0 -m conntrack ! --ctstate DNAT -j DROP"), host: unpublish,
		want: "medium direct-routing: 172.17.0.4: a translation that is not Docker's leads from"},

	{name: "macvlan", kind: PastTheHost, four: save(""), host: besideHost("macvlan"),
		want: "low past-the-host: printer: no rule of the host sees its packets on the macvlan network lan"},
	{name: "ipvlan", kind: PastTheHost, four: save(""), host: besideHost("ipvlan"), want: "low past-the-host: printer"},
	{name: "bridge", kind: PastTheHost, four: save(""), host: besideHost("bridge")},

	{name: "runs", kind: HostNetwork, four: save(""), host: agent, want: "low host-network: agent: its ports are the host's own"},
	{name: "stopped", kind: HostNetwork, four: save(""), host: func(h *host.Host) { agent(h); h.Containers[1].Running = false }},

	{name: "a match of nobody's", kind: UnknownRules, four: save("", "-A DOCKER-USER -i eno1 -m sorcery --spell 3 -j DROP"), want: "low unknown-rules: 1 rule"},
	{name: "a rate", kind: UnknownRules, four: save("", "-A DOCKER-USER -i eno1 -m limit --limit 5/min -j DROP")},
}

// refusingInput lets nobody in to the host over IPv6.
const refusingInput = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\nCOMMIT\n"

// proxied has docker-proxy listen for the published port in both families.
func proxied(h *host.Host) {
	p := &h.Containers[0].Publications
	(*p)[0].Proxied = true
	six := (*p)[0]
	six.HostAddress = netip.IPv6Unspecified()
	*p = append(*p, six)
}

// onLoopback is a save of a host that publishes on loopback only, with a rule in raw PREROUTING.
func onLoopback(raw string) string {
	return strings.Replace(save(""), "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 7777",
		"-A DOCKER -d 127.0.0.1/32 ! -i docker0 -p tcp -m tcp --dport 9001", 1) + "*raw\n:PREROUTING ACCEPT [0:0]\n" + raw + "\nCOMMIT\n"
}

func loopbackOnlyHost(h *host.Host) {
	h.Containers[0].Publications[0].HostAddress = netip.MustParseAddr("127.0.0.1")
}

// alsoLegacy adds a DOCKER-USER of iptables-legacy.
func alsoLegacy(rule string) func(*netfilter.Machine) {
	return func(m *netfilter.Machine) {
		const head = "*filter\n:FORWARD ACCEPT [0:0]\n:DOCKER-USER - [0:0]\n"
		m.Rules.Tables = append(m.Rules.Tables, capture.IPTablesSave(head+rule+"\nCOMMIT\n", "").Rules.Tables...)
	}
}

// firewalldWith adds the forward chains of firewalld's nftables backend with what it does to translated packets.
func firewalldWith(verdict string) func(*netfilter.Machine) {
	return func(m *netfilter.Machine) {
		tables, unread := nft.Parse([]byte(strings.ReplaceAll(`{"nftables": [
			{"table": {"family": "inet", "name": "firewalld", "handle": 1}},
			{"chain": {"family": "inet", "table": "firewalld", "name": "filter_FORWARD", "handle": 2, "type": "filter", "hook": "forward", "prio": 10, "policy": "accept"}},
			{"chain": {"family": "inet", "table": "firewalld", "name": "filter_FORWARD_dnat", "handle": 5}},
			{"rule": {"family": "inet", "table": "firewalld", "chain": "filter_FORWARD_dnat", "handle": 6, "expr": [
				{"match": {"op": "==", "left": {"ct": {"key": "proto-dst", "dir": "original"}}, "right": 8081}}, {"accept": null}]}},
			{"rule": {"family": "inet", "table": "firewalld", "chain": "filter_FORWARD_dnat", "handle": 7, "expr": [
				{"reject": {"type": "icmpx", "expr": "admin-prohibited"}}]}},
			{"rule": {"family": "inet", "table": "firewalld", "chain": "filter_FORWARD", "handle": 3, "expr": [
				{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}}, {"accept": null}]}},
			{"rule": {"family": "inet", "table": "firewalld", "chain": "filter_FORWARD", "handle": 4, "expr": [
				{"match": {"op": "in", "left": {"ct": {"key": "status"}}, "right": "dnat"}}, {VERDICT}]}}]}`, "VERDICT", verdict)))
		m.Rules.Tables, m.Rules.Unread = append(m.Rules.Tables, tables...), append(m.Rules.Unread, unread...)
	}
}

func bridgeNetfilter(setting string) func(*netfilter.Machine) {
	return func(m *netfilter.Machine) { m.Sysctls["net.bridge.bridge-nf-call-iptables"] = setting }
}

func listening(at ...string) func(*netfilter.Machine) {
	return func(m *netfilter.Machine) {
		for _, a := range at {
			m.Listeners = append(m.Listeners, host.Listener{Protocol: host.TCP, Address: netip.MustParseAddrPort(a)})
		}
	}
}

// agent adds a container on the host's network.
func agent(h *host.Host) {
	h.Containers = append(h.Containers, host.Container{ID: "a9e27", Name: "agent", Running: true, HostNetwork: true})
}

// besideHost adds a container on a network with that driver, which makes no bridge.
func besideHost(driver string) func(*host.Host) {
	return func(h *host.Host) {
		h.Networks = append(h.Networks, host.Network{ID: "1a2", Name: "lan", Driver: driver})
		h.Containers = append(h.Containers, host.Container{ID: "631", Name: "printer", Running: true,
			Endpoints: []host.Endpoint{{Network: "lan", IPv4: netip.MustParseAddr("10.99.0.31")}}})
	}
}

// dualStack gives the container an IPv6 address, and asks an engine.
func dualStack(h *host.Host) {
	h.Engine = &host.Engine{Version: "26.1.5"}
	h.Containers[0].Endpoints[0].IPv6 = netip.MustParseAddr("fd00:17::4")
}

// unpublish makes the NAT rule somebody else's.
func unpublish(h *host.Host) { h.Containers[0].Publications = nil }
