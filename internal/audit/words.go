package audit

import (
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/addrset"
	"github.com/dockwall/dockwall/internal/netfilter"
)

// Vocabulary is what address sets are told in: names that people know them by, and addresses that tell nothing.
type Vocabulary struct {
	Names []Named
	// Ignored are addresses that no client outside has (loopback, multicast, the host's own): whether they are in a set
	// or not makes no difference to anyone, and the set is told with or without them, whichever is shorter.
	Ignored *netipx.IPSet
}

// Named is a set of the policy.
type Named struct {
	Name string
	Set  *netipx.IPSet
}

// The words for every address, and for none.
const (
	Anyone = "any"
	Nobody = "nobody"
)

// Tell is a set of addresses of one family in words: "any", "office", "10.0.0.0/8, 192.0.2.1", "any except office". It is
// exact but for the ignored addresses.
func (v Vocabulary) Tell(s *netipx.IPSet, f netfilter.Family) string {
	all := everything(f)
	care := addrset.Minus(all, v.Ignored)
	inside, outside := addrset.Intersect(s, care), addrset.Minus(care, s)
	switch {
	case addrset.IsEmpty(inside):
		return Nobody
	case addrset.IsEmpty(outside):
		return Anyone
	}
	if few, many := len(outside.Ranges()), len(inside.Ranges()); many > muchLonger*few {
		return Anyone + " except " + strings.Join(v.list(outside, care), ", ")
	} else if few > muchLonger*many {
		return strings.Join(v.list(inside, care), ", ")
	}
	listed, left := v.list(inside, care), v.list(outside, care)
	if len(left) < len(listed) || len(left) == len(listed) && named(left) && !named(listed) {
		return Anyone + " except " + strings.Join(left, ", ")
	}
	return strings.Join(listed, ", ")
}

// muchLonger is how many times as many ranges make a list that is not worth to be written, to see whether it is shorter.
const muchLonger = 8

// named tells whether the first word is a set's name.
func named(words []string) bool { return !strings.ContainsAny(words[0], ".:/") }

// list is a set of addresses, none of them ignored, as names and, for what they leave, addresses.
func (v Vocabulary) list(s, care *netipx.IPSet) []string {
	var words []string
	rest := s
	for _, n := range v.Names {
		meant := addrset.Intersect(n.Set, care)
		if addrset.IsEmpty(meant) || !addrset.IsEmpty(addrset.Minus(meant, s)) || addrset.IsEmpty(addrset.Intersect(meant, rest)) {
			continue // it has others than these, or adds none
		}
		words = append(words, n.Name)
		rest = addrset.Minus(rest, meant)
	}
	plain := addressWords(v.wider(s))
	if addrset.IsEmpty(rest) && len(words) <= len(plain) {
		return words
	}
	words = append(words, addressWords(v.wider(rest))...)
	if len(words) <= len(plain) {
		return words
	}
	return plain
}

// wider is the set with those ignored addresses that make it shorter to tell.
func (v Vocabulary) wider(s *netipx.IPSet) *netipx.IPSet {
	if addrset.IsEmpty(s) || v.Ignored == nil {
		return s
	}
	best, words := s, addressWords(s)
	for _, r := range v.Ignored.Ranges() {
		if !best.OverlapsRange(r) && !best.Contains(r.From().Prev()) && !best.Contains(r.To().Next()) {
			continue // nowhere near
		}
		candidate := addrset.Union(best, addrset.OfRanges(r))
		if w := addressWords(candidate); shorter(w, words) {
			best, words = candidate, w
		}
	}
	return best
}

// shorter tells whether a list has fewer words than another, or as many with fewer letters: a prefix in place of a range.
func shorter(list, than []string) bool {
	if len(list) != len(than) {
		return len(list) < len(than)
	}
	return len(strings.Join(list, "")) < len(strings.Join(than, ""))
}

// addressWords are prefixes, and ranges where they would be many prefixes.
func addressWords(s *netipx.IPSet) []string {
	const most = 3 // prefixes in place of a range
	var words []string
	for _, r := range s.Ranges() {
		prefixes := r.Prefixes()
		if len(prefixes) > most {
			words = append(words, r.String())
			continue
		}
		for _, p := range prefixes {
			words = append(words, prefixWord(p))
		}
	}
	return words
}

func prefixWord(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// addressesOf are the addresses of ranges of bits.
func addressesOf(r netfilter.Ranges, f netfilter.Family) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, one := range r {
		b.AddRange(netipx.IPRangeFrom(one.First.Address(f), one.Last.Address(f)))
	}
	return addrset.Built(&b)
}

func everything(f netfilter.Family) *netipx.IPSet {
	if f == netfilter.IPv4 {
		return addrset.OfPrefixes(netip.PrefixFrom(netip.IPv4Unspecified(), 0))
	}
	return addrset.OfPrefixes(netip.PrefixFrom(netip.IPv6Unspecified(), 0))
}

// implausible are the sources that no client outside can have: this network, loopback, multicast, reserved.
func implausible(own ...netip.Prefix) *netipx.IPSet {
	never := []string{"0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/127", "::ffff:0:0/96", "ff00::/8"}
	var prefixes []netip.Prefix
	for _, p := range never {
		prefixes = append(prefixes, netip.MustParsePrefix(p))
	}
	return addrset.OfPrefixes(slices.Concat(prefixes, own)...)
}
