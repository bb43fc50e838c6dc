// Package netfilter holds the firewall rules of a host as data: tables, chains, rules and sets of every family, with
// the hooks and priorities that order them, and beside them what decides where packets go: interfaces, addresses,
// routes, settings, listeners.
//
// It is the one model that iptables-save, ipset save and nft -j are read into (packages xtables and nft), and that one
// packet (package walk) or all packets (package reach) are followed through. It knows nothing of Docker, of policies or
// of dockwall's own rules, so that these can be judged by it.
//
// What a parser does not understand is never left out: it stands in the rule as an Undecided match or an Unclear
// action, with the words that were not understood. Whoever follows packets must then say "possibly".
package netfilter

import "fmt"

// Family is the address family of a table. An inet table sees both IP families.
type Family uint8

// The families whose rules IP packets can meet. Bridge, arp and netdev tables are kept, but IP hooks do not run them.
const (
	IPv4 Family = iota + 1
	IPv6
	Inet
	Bridge
	ARP
	Netdev
)

var familyNames = map[Family]string{IPv4: "ip", IPv6: "ip6", Inet: "inet", Bridge: "bridge", ARP: "arp", Netdev: "netdev"}

// String is nft's word for the family.
func (f Family) String() string { return familyNames[f] }

// ParseFamily is the family of nft's word.
func ParseFamily(word string) (Family, error) {
	for f, name := range familyNames {
		if name == word {
			return f, nil
		}
	}
	return 0, fmt.Errorf("%q is no family of nftables", word)
}

// Sees tells whether chains of the family see packets of an IP family (IPv4 or IPv6).
func (f Family) Sees(ip Family) bool { return f == ip || f == Inet && (ip == IPv4 || ip == IPv6) }

// Hook is a place on a packet's way where chains are called.
type Hook uint8

// The hooks, in the order in which a forwarded or delivered packet meets them.
const (
	Ingress Hook = iota
	Prerouting
	Input
	Forward
	Output
	Postrouting
	Egress
)

var hookNames = [...]string{"ingress", "prerouting", "input", "forward", "output", "postrouting", "egress"}

func (h Hook) String() string { return hookNames[h] }

// ParseHook is the hook of nft's word.
func ParseHook(word string) (Hook, error) {
	for h, name := range hookNames {
		if name == word {
			return Hook(h), nil
		}
	}
	return 0, fmt.Errorf("%q is no hook of netfilter", word)
}

// Priorities that the kernel itself uses (include/uapi/linux/netfilter_ipv4.h): lower runs first.
const (
	PriorityRaw         = -300
	PriorityConntrack   = -200 // not a chain: the kernel's own lookup, in prerouting and output
	PriorityMangle      = -150
	PriorityDestination = -100 // DNAT, in prerouting and output
	PriorityFilter      = 0
	PrioritySecurity    = 50
	PrioritySource      = 100 // SNAT, in postrouting and input
)

// Origin is the tool whose rules a table holds.
type Origin uint8

// The origins. One kernel can have all three at once; their chains meet only by hook and priority.
const (
	Native        Origin = iota // nft
	XtablesNFT                  // iptables in its nf_tables variant
	XtablesLegacy               // iptables in its own kernel tables
)

func (o Origin) String() string { return [...]string{"nft", "iptables-nft", "iptables-legacy"}[o] }
