package reach

import (
	"cmp"
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
)

func sortedByCount(count map[netfilter.Field]int) []netfilter.Field {
	var fields []netfilter.Field
	for f := range count {
		fields = append(fields, f)
	}
	slices.SortFunc(fields, func(a, b netfilter.Field) int { return cmp.Or(count[b]-count[a], int(a)-int(b)) })
	return fields
}

// shortChain is up to how many rules a chain is not worth knowing which numbers its packets have.
const shortChain = 16

// hull is what numbers the fields of packets can have when they enter a chain, asked once for each field.
type hull struct {
	*plan
	state
	asked  [64]bool
	ranges [64]netfilter.Ranges
	only   bool // constants only
}

// of are the numbers of a field, perhaps too many; nil where no packet has it.
func (u *hull) of(f netfilter.Field) netfilter.Ranges {
	if !u.asked[f] {
		u.asked[f], u.ranges[f] = true, u.ask(f)
	}
	return u.ranges[f]
}

var everything = netfilter.Between(netfilter.Number{}, netfilter.AllOnes)

func (u *hull) ask(f netfilter.Field) netfilter.Ranges {
	v := u.read(u.header, f)
	switch {
	case v.missing:
		return nil
	case v.unknown:
		return netfilter.Ranges{v.within}
	case v.IsConstant():
		return netfilter.One(v.Fixed)
	case u.only || v.Add != 0 || v.Keep.And(netfilter.LowBits(u.space.Bits(v.Field))) != netfilter.LowBits(u.space.Bits(v.Field)):
		return everything
	}
	return u.packets.Ranges(v.Field)
}

// excludes tells whether no packet can match a rule.
func (u *hull) excludes(r *rule) bool {
	for i := range r.guards {
		g := &r.guards[i]
		ranges := u.ranges[g.field]
		if !u.asked[g.field] {
			ranges = u.of(g.field)
		}
		if len(ranges) == 1 {
			if ranges[0].Last.Compare(g.first) < 0 || g.last.Compare(ranges[0].First) < 0 {
				return true
			}
		} else if !ranges.Overlaps(g.first, g.last) {
			return true
		}
	}
	for i := range r.names {
		t := &r.names[i]
		name, known := u.interfaceName(u.header, t.Field)
		if known && fitsAny(t.Names, name) == t.Negate {
			return true
		}
	}
	return false
}

// candidatesFor are the rules that packets with these numbers can match: the fewest that a field with only one number
// leaves of the chain.
func (c *chain) candidatesFor(u *hull) []*rule {
	if len(c.rules) <= shortChain {
		return c.rules
	}
	fewest := c.rules
	for _, f := range c.fields {
		ranges := u.of(f)
		if len(ranges) != 1 || ranges[0].First != ranges[0].Last {
			continue
		}
		if some := c.with(candidateKey{f, ranges[0].First}); len(some) < len(fewest) {
			fewest = some
		}
	}
	return fewest
}

// with are the rules that a number of a field does not exclude.
func (c *chain) with(key candidateKey) []*rule {
	if list, known := c.candidates[key]; known {
		return list
	}
	list := []*rule{}
	for _, r := range c.rules {
		if r.admits(key) {
			list = append(list, r)
		}
	}
	c.candidates[key] = list
	return list
}

func (r *rule) admits(key candidateKey) bool {
	for i := range r.guards {
		if g := &r.guards[i]; g.field == key.field && (key.value.Compare(g.first) < 0 || g.last.Compare(key.value) < 0) {
			return false
		}
	}
	return true
}
