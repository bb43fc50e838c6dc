package pathwitness

import (
	"encoding/json"
	"fmt"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// chainKey names a chain of a namespace.
type chainKey struct {
	legacy bool
	family netfilter.Family
	table  string
	chain  string
}

func (p Place) key() chainKey { return chainKey{p.Legacy, p.Family, p.Table, p.Chain} }

// numbering is where the rules stand that the kernel names by handle (nf_tables) or by number (iptables-legacy).
type numbering struct {
	number map[uint64]map[chainKey]int // handle -> chain -> place from 1: a handle is unique in a table only
	length map[chainKey]int            // of legacy chains
	base   map[chainKey]bool           // legacy chains that a hook calls
}

// numberingOf takes the order of nf_tables' rules from nft's own listing, and legacy's lengths from the rules as read.
func numberingOf(listing []byte, rules *netfilter.Ruleset) (numbering, error) {
	n := numbering{map[uint64]map[chainKey]int{}, map[chainKey]int{}, map[chainKey]bool{}}
	for _, table := range rules.Tables {
		if table.Origin != netfilter.XtablesLegacy {
			continue
		}
		for _, c := range table.Chains {
			key := chainKey{true, table.Family, table.Name, c.Name}
			n.length[key], n.base[key] = len(c.Rules), c.Base != nil
		}
	}
	return n, n.readListing(listing)
}

func (n numbering) readListing(listing []byte) error {
	var all struct {
		Nftables []struct {
			Rule *struct {
				Family, Table, Chain string
				Handle               uint64
			}
		}
	}
	if err := json.Unmarshal(listing, &all); err != nil {
		return fmt.Errorf("nft's listing: %w", err)
	}
	last := map[chainKey]int{}
	for _, item := range all.Nftables {
		if item.Rule == nil {
			continue
		}
		family, err := netfilter.ParseFamily(item.Rule.Family)
		if err != nil {
			return err
		}
		key := chainKey{false, family, item.Rule.Table, item.Rule.Chain}
		last[key]++
		if n.number[item.Rule.Handle] == nil {
			n.number[item.Rule.Handle] = map[chainKey]int{}
		}
		n.number[item.Rule.Handle][key] = last[key]
	}
	return nil
}
