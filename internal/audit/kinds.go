package audit

import "fmt"

// Severity is how bad a finding is.
type Severity uint8

// The severities, the worst last.
const (
	Low    Severity = iota + 1 // worth knowing
	Medium                     // it does not do what whoever set it up believes
	High                       // somebody who should not can reach a container
)

func (s Severity) String() string { return [...]string{"", "low", "medium", "high"}[s] }

// ParseSeverity is the severity of its word.
func ParseSeverity(word string) (Severity, error) {
	for _, s := range []Severity{Low, Medium, High} {
		if s.String() == word {
			return s, nil
		}
	}
	return 0, fmt.Errorf("%q is no severity: it must be low, medium or high", word)
}

// MarshalText gives the word, for JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Kind is a kind of finding. docs/audit.md has them all, held against this list by a test.
type Kind struct {
	ID       string
	Severity Severity // the worst that it can be
	Title    string   // what is the case
	Meaning  string   // why that matters, for who never heard of it
	Remedy   string   // what to do, in general
}

// The kinds of findings.
var (
	OpenToInternet = &Kind{"open-to-internet", High, "a container is open to the internet",
		"Docker opens a published port to every address, past the firewall of the host: packets are forwarded, and INPUT " +
			"(ufw, firewalld's zones) never sees them.",
		"Publish the port on 127.0.0.1, or allow only who needs it: dockwall init, then narrow the rule. A policy that " +
			"allows everyone makes the finding low."}
	OpenOverIPv6 = &Kind{"open-over-ipv6-only", High, "a container is open over IPv6, though not over IPv4",
		"Rules were written for IPv4 and forgotten for IPv6, or docker-proxy takes IPv6 clients past DOCKER-USER.",
		"Have the same rules for both families; dockwall's rules always are for both."}
	LoopbackFromLink = &Kind{"loopback-port-from-link", High, "a port published on loopback can be reached from the link",
		"Engines before 28.0 translate packets to 127.0.0.1 that arrive from a neighbour before routing can refuse them " +
			"(CVE-2020-8558 is of that kind).",
		"Update Docker to 28.3.3 or newer, or drop packets to 127.0.0.0/8 that did not arrive on lo, in raw PREROUTING."}
	DockerUserBypassed = &Kind{"docker-user-bypassed", High, "packets reach containers without meeting DOCKER-USER",
		"A rule that stands before DOCKER-USER's jump in FORWARD accepts packets into Docker's bridges (Tailscale's " +
			"ts-forward, libvirt's and Kubernetes' chains do). What DOCKER-USER refuses gets in that way.",
		"Move the jump to DOCKER-USER to the top of FORWARD, or use dockwall's nftables backend, which no jump can bypass."}
	OtherVariant = &Kind{"rules-in-the-other-iptables", High, "rules are in the iptables that Docker does not use",
		"iptables has two variants with chains of their own, iptables-nft and iptables-legacy. Rules in the DOCKER-USER that " +
			"Docker does not jump to do nothing.",
		"Write them with the variant that has Docker's chains (update-alternatives --config iptables), and delete the others."}
	UnpublishedPort = &Kind{"rule-for-an-unpublished-port", Medium, "a rule is for a port that nobody publishes",
		"DOCKER-USER sees the container's own port, not the published one, unless it asks conntrack for it. Else the number " +
			"is misspelt, or the container is gone: whatever the rule was to do, it does not.",
		"Name the container's port (or --ctorigdstport with --ctdir ORIGINAL for the published one), or delete the rule."}
	DeadRule = &Kind{"dead-rule", Medium, "no packet can come to a rule in DOCKER-USER",
		"Rules before it decide everything that it matches. Rules appended after Docker's own RETURN are the usual case.",
		"Insert the rule before the one that shadows it (iptables -I DOCKER-USER), or delete it."}
	StrictForwardPorts = &Kind{"firewalld-strict-forward-ports", Medium, "firewalld refuses what Docker publishes",
		"StrictForwardPorts=yes makes firewalld refuse every translated packet that it did not translate itself: published " +
			"ports are closed, whatever Docker and DOCKER-USER say.",
		"Set StrictForwardPorts=no in /etc/firewalld/firewalld.conf, or add a forward-port for each published port."}
	CVE54388 = &Kind{"CVE-2025-54388", High, "this Docker Engine opens loopback ports after a reload of firewalld",
		"Engines 28.2.0 to 28.3.2 do not restore their rules in raw PREROUTING after firewalld reloads: ports published on " +
			"127.0.0.1 become reachable from the network.",
		"Update Docker Engine to 28.3.3 or newer."}
	CVE54410 = &Kind{"CVE-2025-54410", Medium, "this Docker Engine loses the isolation of networks when firewalld reloads",
		"Engines before 28.0.0 do not restore the rules between bridge networks after firewalld reloads: containers of one " +
			"network reach those of another.",
		"Update Docker Engine to 28.0.0 or newer, or to 25.0.13 of that branch."}
	BridgeNetfilter = &Kind{"bridge-netfilter", Medium, "DOCKER-USER cuts containers of one network off from each other",
		"bridge-nf-call-iptables=1 sends packets between two containers on one bridge through FORWARD. A rule in DOCKER-USER " +
			"that was meant for the outside refuses them.",
		"Let DOCKER-USER refuse only what comes in outside (! -i docker0, or -i eth0), or set " +
			"net.bridge.bridge-nf-call-iptables=0."}
	PowerReachable = &Kind{"powerful-container-reachable", High, "a container that is as good as root of the host is reachable",
		"It runs privileged, or has the Docker engine's socket. Who breaks into it has the host.",
		"Publish it on 127.0.0.1, or allow only who needs it, or give it a socket proxy in place of the socket."}
	ProxiedPastRules = &Kind{"proxied-past-docker-user", Medium, "docker-proxy takes clients past DOCKER-USER",
		"Where Docker does not translate (IPv6 to a container that has only IPv4), docker-proxy takes the connection on the " +
			"host. Such packets meet INPUT and never FORWARD, so that the rules in DOCKER-USER do not hold for them.",
		"Switch off docker-proxy for IPv6 by publishing on 0.0.0.0 only, refuse the port in ip6tables INPUT, or use dockwall."}
	DirectRouting = &Kind{"direct-routing", Medium, "a container's own address can be reached from outside",
		"Who routes the container's address through this host (every neighbour on the link can) reaches ports of the container " +
			"that are not published, or that are published on one address only.",
		"Refuse in DOCKER-USER what was not translated (-m conntrack ! --ctstate DNAT), update to Docker 28, or use dockwall."}
	IP6TablesOff = &Kind{"ip6tables-off", High, "containers have IPv6 addresses, and Docker keeps no rules for IPv6",
		"With \"ip6tables\": false (the default before Docker 27) nothing filters IPv6: all ports of a container are open to who " +
			"can route to its address.",
		"Set \"ip6tables\": true in daemon.json and restart the engine."}
	PastTheHost = &Kind{"past-the-host", Low, "packets of a container pass by the host's rules",
		"Containers on macvlan and ipvlan networks are on the link themselves. No rule of the host sees their packets.",
		"Filter on the switch or router, or within the container's network namespace."}
	HostNetwork = &Kind{"host-network", Low, "a container uses the host's own network",
		"Its ports are the host's: INPUT decides about them, and neither Docker's chains nor a dockwall policy do.",
		"Close its ports in INPUT, or publish them from a network of its own."}
	UnknownRules = &Kind{"unknown-rules", Low, "some rules are not understood, so that not everything is certain",
		"dockwall never guesses: where a rule that it does not understand could decide, it says \"possibly\".",
		"Look at the rules named, or report them: dockwall snapshot."}
)

// Kinds are all kinds, the worst first.
func Kinds() []*Kind {
	return []*Kind{OpenToInternet, OpenOverIPv6, LoopbackFromLink, DockerUserBypassed, OtherVariant, CVE54388, PowerReachable,
		IP6TablesOff, UnpublishedPort, DeadRule, StrictForwardPorts, CVE54410, BridgeNetfilter, ProxiedPastRules,
		DirectRouting, PastTheHost, HostNetwork, UnknownRules}
}
