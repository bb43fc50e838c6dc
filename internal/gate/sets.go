package gate

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// Contains tells whether the set matches an address. Its zone does not matter.
func (s AddressSet) Contains(a netip.Addr) bool {
	if s.Any() {
		return true
	}
	a = a.WithZone("")
	byFirst := func(r netipx.IPRange, a netip.Addr) int { return r.From().Compare(a) }
	i, found := slices.BinarySearchFunc(s.Ranges, a, byFirst)
	return found || i > 0 && s.Ranges[i-1].Contains(a)
}

// addressSets makes the sets of one address family. Every set is made once, and found again by its words.
type addressSets struct {
	policy *policy.Policy
	whole  netipx.IPRange // the family's address space
	made   map[string]AddressSet
	err    error // the first set that could not be made
}

func newAddressSets(p *policy.Policy, v6 bool) *addressSets {
	space := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	if v6 {
		space = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return &addressSets{policy: p, whole: netipx.RangeOfPrefix(space), made: map[string]AddressSet{}}
}

// has tells whether an address is of this family.
func (s *addressSets) has(a netip.Addr) bool { return a.IsValid() && a.Is4() == s.whole.From().Is4() }

// peers is the set of the addresses that a side of a rule names, cut down to within (empty: not). ok is false where
// no address is left.
func (s *addressSets) peers(p policy.Peers, within []policy.Peer) (set AddressSet, ok bool) {
	if len(within) == 0 {
		if p.Any() {
			return AddressSet{}, true
		}
		if len(p.Items) == 1 && len(p.Except) == 0 && p.Items[0].Range.IsValid() {
			return s.single(p.Items[0])
		}
	}
	words := p.String()
	if len(within) > 0 {
		words += " within " + policy.Peers{Items: within}.String()
	}
	return s.set("addresses", words, func(b *netipx.IPSetBuilder) {
		if len(p.Items) == 0 {
			b.AddRange(s.whole)
		} else {
			b.AddSet(s.policy.Addresses(p.Items))
		}
		b.RemoveSet(s.policy.Addresses(p.Except))
		if len(within) > 0 {
			b.Intersect(s.policy.Addresses(within))
		}
	})
}

// single is the set of one range. Policies have thousands of these, so they go without a builder.
func (s *addressSets) single(p policy.Peer) (set AddressSet, ok bool) {
	if !s.has(p.Range.From()) {
		return AddressSet{}, false
	}
	return s.named("addresses", p.String(), []netipx.IPRange{p.Range}), true
}

// list is the set of the addresses themselves.
func (s *addressSets) list(addresses ...netip.Addr) AddressSet {
	words := make([]string, len(addresses))
	for i, a := range addresses {
		words[i] = a.String()
	}
	set, _ := s.set("addresses", strings.Join(words, ","), func(b *netipx.IPSetBuilder) {
		for _, a := range addresses {
			b.Add(a)
		}
	})
	return set
}

// container is the set of one container's addresses.
func (s *addressSets) container(c *host.Container) (set AddressSet, ok bool) {
	return s.set("container", c.Name, s.addAddresses(c))
}

// containers is the set of the containers' addresses. The words are those of a rule that selects them.
func (s *addressSets) containers(words string, containers []*host.Container) (set AddressSet, ok bool) {
	return s.set("containers", words, s.addAddresses(containers...))
}

func (s *addressSets) addAddresses(containers ...*host.Container) func(*netipx.IPSetBuilder) {
	return func(b *netipx.IPSetBuilder) {
		for _, a := range s.addressesOf(containers) {
			b.Add(a)
		}
	}
}

// others is the set of all addresses but the containers'.
func (s *addressSets) others(words string, containers []*host.Container) (set AddressSet, ok bool) {
	return s.set("others", words, func(b *netipx.IPSetBuilder) {
		b.AddRange(s.whole)
		for _, a := range s.addressesOf(containers) {
			b.Remove(a)
		}
	})
}

func (s *addressSets) addressesOf(containers []*host.Container) []netip.Addr {
	var addresses []netip.Addr
	for _, c := range containers {
		for _, e := range c.Endpoints {
			for _, a := range []netip.Addr{e.IPv4, e.IPv6} {
				if s.has(a) {
					addresses = append(addresses, a)
				}
			}
		}
	}
	return addresses
}

// set finds the set of that kind and words, or has it filled. ok is false where it matches no address of the family.
func (s *addressSets) set(kind, words string, fill func(*netipx.IPSetBuilder)) (set AddressSet, ok bool) {
	key := kind + " " + words
	set, found := s.made[key]
	if !found {
		var b netipx.IPSetBuilder
		fill(&b)
		set = s.finish(&b, kind, words)
		s.made[key] = set
	}
	return set, set.Any() || len(set.Ranges) > 0
}

func (s *addressSets) finish(b *netipx.IPSetBuilder, kind, words string) AddressSet {
	all, err := b.IPSet()
	if err != nil {
		s.err = cmp.Or(s.err, fmt.Errorf("the addresses of %q make no set: %w", words, err))
		return AddressSet{}
	}
	return s.named(kind, words, slices.DeleteFunc(all.Ranges(), func(r netipx.IPRange) bool { return !s.has(r.From()) }))
}

// named is the set of ranges with its ID. A set of all addresses is the zero set.
func (s *addressSets) named(kind, words string, ranges []netipx.IPRange) AddressSet {
	if len(ranges) == 1 && ranges[0] == s.whole {
		return AddressSet{}
	}
	return AddressSet{ID: digest(12, s.whole.From().String(), kind, words), Name: readable(words), Ranges: ranges}
}

// readable makes a name for people out of words: at most 24 of a-z, 0-9 and "_".
func readable(words string) string {
	words = strings.ToLower(words)
	name := []byte(words[:min(len(words), 24)])
	for i, c := range name {
		if !isAlphanumeric(c) {
			name[i] = '_'
		}
	}
	return string(name)
}
