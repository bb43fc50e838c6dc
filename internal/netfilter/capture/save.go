package capture

import (
	"fmt"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/xtables"
)

// IPTablesSave is a machine of which nothing is known but an iptables-save and an ip6tables-save; either may be empty.
// Interfaces, addresses and routes are guessed from what the rules name, as Docker's rules let them be guessed; every
// guess is a sentence in Missing.
func IPTablesSave(text4, text6 string) *netfilter.Machine {
	m := &netfilter.Machine{Rules: &netfilter.Ruleset{}, Sysctls: forwarding()}
	for _, save := range []struct {
		text   string
		family netfilter.Family
		tool   string
	}{{text4, netfilter.IPv4, "iptables-save"}, {text6, netfilter.IPv6, "ip6tables-save"}} {
		if strings.TrimSpace(save.text) == "" {
			m.Missing = append(m.Missing, fmt.Sprintf("there is no %s: the host is taken to have no such rules", save.tool))
			continue
		}
		tables, unread := xtables.Parse(save.text, save.family, variant(save.text), nil)
		m.Rules.Tables = append(m.Rules.Tables, tables...)
		m.Rules.Unread = append(m.Rules.Unread, unread...)
	}
	m.Missing = append(m.Missing,
		"rules that were made by nft, or by the other variant of iptables, and ipset's sets are not known: taken not to exist",
		"the kernel's settings are not known: forwarding is taken to be on",
		"which programs of the host listen is not known: docker-proxy's listeners and containers on the host's network are not told of")
	guess(m)
	return m
}

// variant is the iptables that wrote a text: its first line says "(nf_tables)" where it is the nft one.
func variant(save string) netfilter.Origin {
	first, _, _ := strings.Cut(save, "\n")
	if strings.Contains(first, "nf_tables") {
		return netfilter.XtablesNFT
	}
	return netfilter.XtablesLegacy
}
