package planned

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/iptables"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/xtables"
)

// addChains puts what the iptables backend renders into the filter tables of a ruleset without dockwall's chains: the
// chains, and at the head of the built-in ones and of DOCKER-USER the rules that lead to them.
func addChains(rules *netfilter.Ruleset, text string) error {
	sections, err := iptables.Sections(text)
	if err != nil {
		return err
	}
	sets := map[string]*netfilter.Set{}
	for _, s := range sections {
		var tables []*netfilter.Table
		var unread []string
		switch s.Header {
		case iptables.SetsHeader:
			var own map[string]*netfilter.Set
			own, unread = xtables.ParseIPSet(withoutHeader(s))
			maps.Copy(sets, own)
		case iptables.IPv4Header:
			tables, unread = xtables.Parse(saved(s), netfilter.IPv4, netfilter.XtablesNFT, sets)
		case iptables.IPv6Header:
			tables, unread = xtables.Parse(saved(s), netfilter.IPv6, netfilter.XtablesNFT, sets)
		}
		if len(unread) > 0 {
			return fmt.Errorf("the rendered rules were not understood: %s", strings.Join(unread, "; "))
		}
		for _, t := range tables {
			put(rules, t)
		}
	}
	return nil
}

func withoutHeader(s iptables.Section) string { return strings.TrimPrefix(s.Text, s.Header+"\n") }

// saved is a text for iptables-restore as iptables-save would print it: chains are declared, rules are appended.
func saved(s iptables.Section) string {
	var declared, rest []string
	known := map[string]bool{}
	for line := range strings.Lines(withoutHeader(s)) {
		words := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, ":"):
			known[strings.TrimPrefix(words[0], ":")] = true
			declared = append(declared, line)
			continue
		case strings.HasPrefix(line, "-I "):
			line = "-A " + strings.TrimPrefix(line, "-I ")
		case !strings.HasPrefix(line, "-A "):
			continue
		}
		if !known[words[1]] {
			known[words[1]] = true
			declared = append(declared, ":"+words[1]+" "+policyOf(words[1])+" [0:0]\n")
		}
		rest = append(rest, line)
	}
	return "*filter\n" + strings.Join(declared, "") + strings.Join(rest, "") + "COMMIT\n"
}

// policyOf is the policy that a chain is declared with: user chains have none.
func policyOf(chain string) string {
	if slices.Contains([]string{"INPUT", "FORWARD", "OUTPUT"}, chain) {
		return "ACCEPT"
	}
	return "-"
}

// put adds a table's chains to the table of that name and family, in the variant that is in use. Rules of chains that
// are there already come first in them.
func put(rules *netfilter.Ruleset, from *netfilter.Table) {
	i := slices.IndexFunc(rules.Tables, func(t *netfilter.Table) bool {
		return t.Origin != netfilter.Native && t.Family == from.Family && t.Name == from.Name && docker(t)
	})
	if i < 0 {
		i = slices.IndexFunc(rules.Tables, func(t *netfilter.Table) bool {
			return t.Origin != netfilter.Native && t.Family == from.Family && t.Name == from.Name
		})
	}
	if i < 0 {
		rules.Tables = append(rules.Tables, from)
		return
	}
	into := copied(rules.Tables[i])
	for _, c := range from.Chains {
		if old := into.Chain(c.Name); old != nil {
			old.Rules = slices.Concat(adopt(c, into).Rules, old.Rules)
			number(old)
			continue
		}
		into.Chains = append(into.Chains, adopt(c, into))
	}
	rules.Tables[i] = into
}

// docker tells whether a table is of the variant of iptables that Docker uses.
func docker(t *netfilter.Table) bool {
	return t.Chain("DOCKER-USER") != nil || t.Chain("DOCKER") != nil
}
