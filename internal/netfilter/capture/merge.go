package capture

import (
	"regexp"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/nft"
)

var iptablesTables = []string{"raw", "mangle", "nat", "filter", "security"}

// merge puts the tables of an iptables-nft-save in the place of nft's listing of them, where the save is whole. A table
// that only the save has is kept too: the listing is older or shorter.
func merge(native, saved []*netfilter.Table) []*netfilter.Table {
	merged := slices.Clone(native)
	for _, save := range saved {
		at := slices.IndexFunc(native, func(t *netfilter.Table) bool { return t.Family == save.Family && t.Name == save.Name })
		switch {
		case at < 0:
			merged = append(merged, save)
		case sameShape(save, native[at]):
			adopt(save, native[at])
			merged[at] = save
		}
	}
	for _, t := range merged {
		if (t.Family == netfilter.IPv4 || t.Family == netfilter.IPv6) && slices.Contains(iptablesTables, t.Name) && hasExtensions(t) {
			t.Origin = netfilter.XtablesNFT
		}
	}
	return merged
}

// hasExtensions tells whether a table that nft listed has a rule of iptables'.
func hasExtensions(t *netfilter.Table) bool {
	for _, c := range t.Chains {
		for _, r := range c.Rules {
			if strings.Contains(r.Text, `xt match "`) || strings.Contains(r.Text, `xt target "`) {
				return true
			}
		}
	}
	return false
}

// sameShape tells whether both texts have the same chains, called at the same places, with as many rules. A save also
// names the built-in chains that do not exist in the kernel yet.
func sameShape(save, native *netfilter.Table) bool {
	both := 0
	for _, c := range save.Chains {
		n := native.Chain(c.Name)
		switch {
		case n == nil && (c.Base == nil || len(c.Rules) > 0 || c.Base.Policy != netfilter.Accept):
			return false
		case n == nil:
			continue
		case len(n.Rules) != len(c.Rules) || !sameBase(c.Base, n.Base):
			return false
		}
		both++
	}
	return both == len(native.Chains)
}

func sameBase(a, b *netfilter.Base) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Hook == b.Hook && a.Type == b.Type && a.Policy == b.Policy
}

// adopt takes from nft's listing what a save of the same shape lacks: sets, handles, flags, priorities (iptables 1.8.9 has
// its security table at 150, not at the kernel's 50), and the rules that nft made.
func adopt(save, native *netfilter.Table) {
	save.Sets, save.Dormant = native.Sets, native.Dormant
	for _, n := range native.Chains {
		c := save.Chain(n.Name)
		if n.Base != nil {
			c.Base.Priority = n.Base.Priority
		}
		for i, r := range n.Rules {
			c.Rules[i].Handle = r.Handle
			if foreign(r) {
				c.Rules[i].Text, c.Rules[i].Comment, c.Rules[i].Steps = r.Text, r.Comment, r.Steps
			}
		}
	}
}

// foreign tells whether a rule can only be nft's, and is understood: iptables-nft writes NAT, marks and all that asks
// conntrack or the routing tables as extensions, whose arguments the listing lacks. What iptables-save prints for a rule
// of nft is not to be believed: 1.8.9 leaves out what it has no words for.
func foreign(r *netfilter.Rule) bool {
	found := false
	for _, step := range r.Steps {
		switch s := step.(type) {
		case netfilter.Undecided:
			if !s.Understood {
				return false
			}
		case netfilter.Unclear:
			return false
		case netfilter.VerdictMap, netfilter.NAT, netfilter.Lookup, netfilter.SetField, netfilter.NoTrack, netfilter.AddToSet,
			netfilter.Either:
			found = true
		case netfilter.Test:
			found = found || s.Field >= netfilter.ConntrackMark && s.Field <= netfilter.ReversePath
		case netfilter.Verdict:
			found = found || s.Kind == netfilter.Reject
		}
	}
	return found
}

var dormantTable = regexp.MustCompile(`(?m)^table (\w+) (\S+) \{[^\n]*\n\tflags ([a-z, ]+)$`)

// flagsFromText learns from nft's text which tables are dormant, where its JSON does not say so, and leaves out the
// sentences about those.
func flagsFromText(tables []*netfilter.Table, sentences []string, text string) []string {
	if text == "" {
		return sentences
	}
	dormant := map[string]bool{}
	for _, match := range dormantTable.FindAllStringSubmatch(text, -1) {
		dormant[match[1]+" "+match[2]] = slices.Contains(strings.Split(match[3], ","), "dormant")
	}
	for _, t := range tables {
		if said, known := dormant[t.Family.String()+" "+t.Name]; known {
			t.Dormant = said
			sentences = slices.DeleteFunc(sentences, func(s string) bool { return s == nft.UnknownFlag(t) })
		}
	}
	return sentences
}
