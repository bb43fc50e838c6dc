package nft

import (
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// withPorts are the protocols of which netfilter's model has ports.
var withPorts = netfilter.NewRanges(
	netfilter.Range{First: netfilter.Small(6), Last: netfilter.Small(6)},
	netfilter.Range{First: netfilter.Small(17), Last: netfilter.Small(17)},
	netfilter.Range{First: netfilter.Small(33), Last: netfilter.Small(33)},
	netfilter.Range{First: netfilter.Small(132), Last: netfilter.Small(132)},
	netfilter.Range{First: netfilter.Small(136), Last: netfilter.Small(136)},
)

// require adds the tests that the listing leaves out, where the rule has not made them yet.
func (r *ruleReader) require(n needs) {
	if n.family != 0 && n.family != r.family {
		r.implied(netfilter.NetworkFamily, uint64(n.family))
	}
	if n.protocol >= 0 && !slices.Equal(r.protocols, netfilter.One(netfilter.Small(uint64(n.protocol)))) {
		r.implied(netfilter.Protocol, uint64(n.protocol))
	}
	if n.conntrack != 0 && familyNumber(r.table.Family) != n.conntrack && r.conntrack != n.conntrack {
		r.implied(netfilter.ConntrackFamily, uint64(n.conntrack))
	}
}

func (r *ruleReader) implied(f netfilter.Field, n uint64) {
	test := netfilter.Test{Field: f, Mask: netfilter.AllOnes, Values: netfilter.One(netfilter.Small(n))}
	r.add(test)
	r.learn(test)
}

// learn remembers what later steps of the rule can take for granted.
func (r *ruleReader) learn(m netfilter.Match) {
	test, ok := m.(netfilter.Test)
	if !ok || test.Negate || test.Mask != netfilter.AllOnes {
		return
	}
	switch test.Field {
	case netfilter.Protocol:
		r.protocols = test.Values
	case netfilter.ConntrackFamily:
		r.conntrack = single(test.Values)
	case netfilter.NetworkFamily:
		r.family = single(test.Values)
	}
}

// single is the number where there is one alone, else 0.
func single(values netfilter.Ranges) uint8 {
	if len(values) != 1 || values[0].First != values[0].Last {
		return 0
	}
	return uint8(values[0].First.Low)
}

// familyNumber is NFPROTO_* of an IP family, 0 of others.
func familyNumber(f netfilter.Family) uint8 {
	return map[netfilter.Family]uint8{netfilter.IPv4: 2, netfilter.IPv6: 10}[f]
}

// checkPorts adds a match on `th dport`. The kernel takes the third and fourth byte of any transport header for the
// port (nft_payload.c), the checksum of an ICMP message too; the model has ports only where they are ports. A lookup
// that also asks for the protocol cannot find such a packet where its set has no such protocol.
func (r *ruleReader) checkPorts(list []operand, m netfilter.Match, text string) {
	if !slices.ContainsFunc(list, func(o operand) bool { return o.needs.ports }) || within(r.protocols, withPorts) {
		r.add(m)
		return
	}
	ported := netfilter.Test{Field: netfilter.Protocol, Mask: netfilter.AllOnes, Values: withPorts}
	portless := ported
	portless.Negate = true
	whole := netfilter.Test{Field: netfilter.Fragment, Mask: netfilter.AllOnes, Values: netfilter.One(netfilter.Number{})}
	without := []netfilter.Match{portless, whole}
	if lookup, ok := m.(netfilter.Lookup); ok && portedSet(lookup) {
		if !lookup.Negate {
			r.add(m)
			return
		}
	} else {
		without = append(without, netfilter.Undecided{Text: text, Understood: true,
			Reason: "of a protocol without ports, other bytes are taken for the port"})
	}
	r.add(netfilter.Either{Alternatives: [][]netfilter.Match{{ported, m}, without}})
}

// portedSet tells whether a lookup asks for the protocol, and only protocols with ports are in the set.
func portedSet(l netfilter.Lookup) bool {
	at := slices.IndexFunc(l.Fields, func(f netfilter.FieldUse) bool { return f.Field == netfilter.Protocol })
	return at >= 0 && !l.Set.Dynamic && l.Set.Unclear == "" && !slices.ContainsFunc(l.Set.Elements,
		func(e netfilter.Element) bool { return !within(e.Key[at], withPorts) })
}

// within tells whether all numbers of some ranges, and there are some, are in others. The others are short.
func within(some, others netfilter.Ranges) bool {
	return len(some) > 0 && !slices.ContainsFunc(some, func(r netfilter.Range) bool {
		return !slices.ContainsFunc(others, func(o netfilter.Range) bool {
			return o.First.Compare(r.First) <= 0 && r.Last.Compare(o.Last) <= 0
		})
	})
}
