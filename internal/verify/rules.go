package verify

import (
	"fmt"
	"slices"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/addrset"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
	"github.com/dockwall/dockwall/internal/policy"
)

// rules are a section's rules as sets. Rules that differ only in the addresses they name are one group, so that many
// rules cost little.
type rules struct {
	meaning *Meaning
	section policy.Section
	groups  []*group
	answers map[string]packetset.Set // what allowed said, by interface
	joined  []packetset.Set          // what union was last asked to join, and what it said
	union   packetset.Set
}

// group is rules that differ only in their addresses.
type group struct {
	like      *policy.Rule
	addresses netipx.IPSetBuilder
	any       packetset.Set // what the rules match, whatever it reaches
	set       packetset.Set // what they match among the packets that reach one target
}

// newRules groups a section's rules. match is the packets that a rule matches, but for its addresses and its interface,
// and containers those among them that concern the containers it names.
func newRules(m *Meaning, list []policy.Rule, match, containers func(*policy.Rule) packetset.Set) *rules {
	rs := &rules{meaning: m, answers: map[string]packetset.Set{}}
	known := map[string]*group{}
	for i := range list {
		r := &list[i]
		rs.section = r.Section
		key := keyOf(r)
		g := known[key]
		if g == nil {
			g = &group{like: r}
			known[key] = g
			rs.groups = append(rs.groups, g)
		}
		g.addresses.AddSet(m.named(r))
	}
	field := netfilter.SourceAddress
	if rs.section == policy.Egress {
		field = netfilter.DestinationAddress
	}
	for _, g := range rs.groups {
		g.any = match(g.like).And(m.addresses(field, addrset.Built(&g.addresses)))
		g.set = g.any.And(containers(g.like))
	}
	return rs
}

// keyOf is what the rules of one group have in common.
func keyOf(r *policy.Rule) string {
	containers := r.To
	if r.Section == policy.Egress {
		containers = r.From
	}
	return fmt.Sprint(r.Action, r.Ports, selectors(containers.Items), selectors(containers.Except), r.Interface, r.At, r.Label)
}

func selectors(peers []policy.Peer) string {
	text := fmt.Sprint(len(peers))
	for _, p := range peers {
		text += fmt.Sprintf(" %+v", *p.Container)
	}
	return text
}

// named are the addresses that a rule names: the clients of ingress, what is dialled in egress.
func (m *Meaning) named(r *policy.Rule) *netipx.IPSet {
	side := r.From
	if r.Section == policy.Egress {
		side = r.To
	}
	var b netipx.IPSetBuilder
	if len(side.Items) == 0 {
		b.AddSet(everyAddress)
	} else {
		b.AddSet(m.policy.Addresses(side.Items))
	}
	b.RemoveSet(m.policy.Addresses(side.Except))
	if r.Label != "" {
		b.Intersect(m.policy.Addresses(r.Within))
	}
	return addrset.Built(&b)
}

// allowed are the packets that the section allows on an interface, by the rules that speak of it (nil: all): what no
// deny matches and either an allow does or the default is to allow.
func (rs *rules) allowed(iface string, standard policy.Action, speaks func(*policy.Rule) bool) packetset.Set {
	if known, ok := rs.answers[iface]; ok && speaks == nil {
		return known
	}
	denied := rs.matched(policy.Deny, iface, speaks)
	allowed := rs.meaning.space.All()
	if standard == policy.Deny {
		allowed = rs.matched(policy.Allow, iface, speaks)
	}
	allowed = allowed.Minus(denied)
	if speaks == nil {
		rs.answers[iface] = allowed
	}
	return allowed
}

// matched is the union of the groups with an action.
func (rs *rules) matched(a policy.Action, iface string, speaks func(*policy.Rule) bool) packetset.Set {
	var sets []packetset.Set
	for _, g := range rs.groups {
		switch {
		case g.like.Action != a || !g.on(iface):
		case speaks == nil:
			sets = append(sets, g.set)
		case speaks(g.like):
			sets = append(sets, g.any)
		}
	}
	return rs.join(sets)
}

// join is the union of sets. Mostly it is asked for the same ones again: on another interface, or whatever they reach.
func (rs *rules) join(sets []packetset.Set) packetset.Set {
	if len(sets) == 0 {
		return rs.meaning.space.None()
	}
	if !slices.Equal(rs.joined, sets) {
		rs.joined, rs.union = slices.Clone(sets), union(rs.meaning.space, sets)
	}
	return rs.union
}

// on tells whether the group speaks of packets on an interface.
func (g *group) on(iface string) bool {
	if iface == anyInterface && g.like.Interface != "" {
		return g.like.Action == policy.Allow
	}
	return g.like.Interface == "" || g.like.Interface == iface
}

// perhaps are the packets that some rule would allow, whatever they reach.
func (rs *rules) perhaps(iface string) packetset.Set {
	var sets []packetset.Set
	for _, g := range rs.groups {
		if g.like.Action == policy.Allow && g.on(iface) {
			sets = append(sets, g.any)
		}
	}
	return rs.join(sets)
}

// union joins neighbours first: each set is then looked at as often as there are doublings.
func union(s *packetset.Space, sets []packetset.Set) packetset.Set {
	if len(sets) == 0 {
		return s.None()
	}
	for len(sets) > 1 {
		half := sets[:0:len(sets)]
		for i := 0; i+1 < len(sets); i += 2 {
			half = append(half, sets[i].Or(sets[i+1]))
		}
		if len(sets)%2 == 1 {
			half = append(half, sets[len(sets)-1])
		}
		sets = half
	}
	return sets[0]
}
