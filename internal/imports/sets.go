package imports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/policy"
)

// namedSet is a set of the policy.
type namedSet struct {
	name    string
	content *netipx.IPSet
}

// mostItems is how many addresses a sentence names; more have a set.
const mostItems = 24

// nameSets gives the ipsets of the text names that the policy takes.
func (c *conversion) nameSets() {
	for _, name := range slices.Sorted(maps.Keys(c.reading.sets)) {
		set := c.reading.sets[name]
		content := union(set.addresses(ipv4), set.addresses(ipv6))
		spelled := strings.Map(func(r rune) rune {
			if strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789_-", r) {
				return r
			}
			return '-'
		}, strings.ToLower(name[:min(len(name), 48)]))
		if set.why == "" && !isEmpty(content) {
			c.sets = append(c.sets, namedSet{c.free("set-" + strings.TrimPrefix(spelled, "set-")), content})
		}
	}
}

// free is the name, with a number behind it where it is taken.
func (c *conversion) free(name string) string {
	taken := func(name string) bool {
		return slices.ContainsFunc(c.sets, func(s namedSet) bool { return s.name == name })
	}
	numbered := name
	for n := 2; taken(numbered); n++ {
		numbered = fmt.Sprintf("%s-%d", name, n)
	}
	return numbered
}

// setName is the name of the set with that content; "" where a sentence names its addresses.
func (c *conversion) setName(content *netipx.IPSet) string {
	for _, s := range c.sets {
		if s.content.Equal(content) {
			return s.name
		}
	}
	if len(content.Ranges()) <= mostItems {
		return ""
	}
	name := c.free("addresses-1")
	c.sets = append(c.sets, namedSet{name, content})
	return name
}

// peers are addresses as sentences have them, in the fewest words: as they are, or as all but the others.
func (c *conversion) peers(set *netipx.IPSet) policy.Peers {
	best := policy.Peers{Items: c.ranges(set)}
	for _, base := range []*netipx.IPSet{everywhere(), wholeSet(ipv4), wholeSet(ipv6)} {
		if !within(set, base) {
			continue
		}
		p := policy.Peers{Except: c.ranges(without(base, set))}
		if !base.Equal(everywhere()) {
			p.Items = c.ranges(base)
		}
		if len(p.String()) < len(best.String()) || len(p.Except) == 0 {
			best = p
		}
	}
	return best
}

// ranges are the ranges of a set, or the name of the ipset that it is.
func (c *conversion) ranges(set *netipx.IPSet) []policy.Peer {
	if name := c.setName(set); name != "" {
		return []policy.Peer{{Set: name}}
	}
	var peers []policy.Peer
	for _, r := range set.Ranges() {
		peers = append(peers, policy.Peer{Range: r})
	}
	return peers
}
