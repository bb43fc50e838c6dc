// Package capture makes a netfilter.Machine of what was recorded of a host: a snapshot, a folder with its parts, or an
// iptables-save and nothing else.
//
// One kernel's rules come from several tools. iptables-nft's tables are in two texts: iptables-save has the arguments of
// every extension, nft -j has what nft itself put into the same tables. They are taken from the first where both tell of
// the same chains and rules, and from the second where not; a rule that iptables cannot have made is always nft's.
//
// What no text shows is said: in Unread where rules may exist that nobody read, in Missing where something else of the
// host is not known.
package capture

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/nft"
	"github.com/dockwall/dockwall/internal/netfilter/xtables"
)

// Recording is a recorded machine: the folder of host.RecordedSnapshot.
func Recording(dir string) (*netfilter.Machine, *host.Host, error) {
	s, err := host.RecordedSnapshot(dir)
	if err != nil {
		return nil, nil, err
	}
	return Snapshot(s), s.Host, nil
}

// Snapshot is a snapshot's machine.
func Snapshot(s *host.Snapshot) *netfilter.Machine {
	m := &netfilter.Machine{Rules: readRules(&s.Rules), Interfaces: s.Host.Interfaces, Routes: s.Host.Routes,
		Routing: s.Rules.Routing, Listeners: s.Rules.Listeners, Sysctls: s.Rules.Sysctls}
	for _, tool := range slices.Sorted(maps.Keys(s.Rules.Missing)) {
		m.Missing = append(m.Missing, fmt.Sprintf("what %s prints is not known, or not whole: %s", tool, s.Rules.Missing[tool]))
	}
	if len(m.Sysctls) == 0 {
		m.Missing = append(m.Missing, "the kernel's settings are not known: forwarding is taken to be on, and all else as the kernel has it at first")
		m.Sysctls = forwarding()
	}
	m.Missing = append(m.Missing, routing(m.Routing)...)
	m.Missing = append(m.Missing, beside(m.Rules)...)
	return m
}

// routing tells what is not known of the way packets take, or not followed.
func routing(r *host.Routing) []string {
	switch {
	case r == nil:
		return []string{"the host's routing rules (ip rule) are not known: taken to be those that every Linux starts with"}
	case r.Plain():
		return nil
	case r.Unlisted:
		return []string{"the host chooses routes by rules (ip rule), and the routes of other tables are not known: only the main table is followed"}
	}
	return []string{"the host chooses routes by rules (ip rule), or has other tables or routes that refuse: only unicast routes of the main table are followed"}
}

// forwarding is the setting of a Docker host of which nothing is known.
func forwarding() map[string]string {
	return map[string]string{"net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1"}
}

// readRules reads all texts into one ruleset.
func readRules(r *host.Rules) *netfilter.Ruleset {
	set := &netfilter.Ruleset{}
	unread := func(origin string, sentences []string) {
		for _, s := range sentences {
			set.Unread = append(set.Unread, origin+": "+s)
		}
	}
	var sentences []string
	set.IPSets, sentences = xtables.ParseIPSet(r.IPSet)
	unread("ipset save", sentences)
	native, sentences := nft.Parse([]byte(r.NftJSON))
	unread("nft", flagsFromText(native, sentences, r.NftText))
	legacy := r.IPTablesLegacy != "" || r.IP6TablesLegacy != ""
	for _, text := range []struct {
		tool, text string
		family     netfilter.Family
		origin     netfilter.Origin
	}{
		{"iptables-nft-save", r.IPTables, netfilter.IPv4, netfilter.XtablesNFT},
		{"ip6tables-nft-save", r.IP6Tables, netfilter.IPv6, netfilter.XtablesNFT},
		{"iptables-legacy-save", r.IPTablesLegacy, netfilter.IPv4, netfilter.XtablesLegacy},
		{"ip6tables-legacy-save", r.IP6TablesLegacy, netfilter.IPv6, netfilter.XtablesLegacy},
	} {
		tables, sentences := xtables.Parse(text.text, text.family, text.origin, set.IPSets)
		unread(text.tool, relevant(sentences, legacy, r.Missing))
		if text.origin == netfilter.XtablesNFT && r.NftJSON != "" {
			native = merge(native, tables)
			continue
		}
		set.Tables = append(set.Tables, tables...)
	}
	set.Tables = append(set.Tables, native...)
	set.Unread = append(set.Unread, unseen(r.Missing)...)
	return set
}

// relevant leaves out the remark about legacy tables where these are read too, or where the kernel has none: then their
// tool was not even asked, and is not missing.
func relevant(sentences []string, legacy bool, missing map[string]string) []string {
	asked := missing["iptables-legacy-save"] != "" || missing["ip6tables-legacy-save"] != ""
	if asked && !legacy {
		return sentences
	}
	return slices.DeleteFunc(sentences, func(s string) bool { return s == xtables.LegacyPresent })
}

// unseen are the rules that only a missing tool would show. iptables-nft's are in nft's listing too.
func unseen(missing map[string]string) []string {
	kinds := map[string]string{
		"nft":                   "rules that were made by nft",
		"iptables-legacy-save":  "the IPv4 rules of iptables-legacy",
		"ip6tables-legacy-save": "the IPv6 rules of iptables-legacy",
	}
	var sentences []string
	for _, tool := range slices.Sorted(maps.Keys(kinds)) {
		if why := missing[tool]; why != "" {
			sentences = append(sentences, fmt.Sprintf("%s are not known, if there are any: %s: %s", kinds[tool], tool, why))
		}
	}
	return sentences
}
