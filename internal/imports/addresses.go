package imports

import (
	"bytes"
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"go4.org/netipx"
)

// addresses are what a rule says about one address of a packet. A rule sees one family only; what it would say about
// the other's addresses counts where the text has no chain for them.
type addresses struct {
	set   *netipx.IPSet // of the rule's family
	other bool          // every address of the other family
}

// whole is every address of a family.
func whole(f family) netip.Prefix {
	if f == ipv6 {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

// wholeSet is every address of a family, as a set.
func wholeSet(f family) *netipx.IPSet { return setOf(netipx.RangeOfPrefix(whole(f))) }

// setOf is a set of ranges.
func setOf(ranges ...netipx.IPRange) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, r := range ranges {
		b.AddRange(r)
	}
	return built(&b)
}

// everywhere is every address of both families.
func everywhere() *netipx.IPSet {
	return union(wholeSet(ipv4), wholeSet(ipv6))
}

// built is the builder's set. Its only error is an invalid range, and none is ever added.
func built(b *netipx.IPSetBuilder) *netipx.IPSet {
	s, err := b.IPSet()
	if err != nil {
		return &netipx.IPSet{}
	}
	return s
}

func intersect(a, b *netipx.IPSet) *netipx.IPSet {
	var builder netipx.IPSetBuilder
	builder.AddSet(a)
	builder.Intersect(b)
	return built(&builder)
}

func without(a, b *netipx.IPSet) *netipx.IPSet {
	var builder netipx.IPSetBuilder
	builder.AddSet(a)
	builder.RemoveSet(b)
	return built(&builder)
}

func union(a, b *netipx.IPSet) *netipx.IPSet {
	var builder netipx.IPSetBuilder
	builder.AddSet(a)
	builder.AddSet(b)
	return built(&builder)
}

func isEmpty(s *netipx.IPSet) bool { return len(s.Ranges()) == 0 }

// within tells whether all of a is in b.
func within(a, b *netipx.IPSet) bool { return isEmpty(without(a, b)) }

func anyAddress(f family) addresses {
	return addresses{set: wholeSet(f), other: true}
}

// any tells whether every address matches.
func (a addresses) any(f family) bool {
	return a.other && within(wholeSet(f), a.set)
}

func (a addresses) and(b addresses) addresses {
	return addresses{set: intersect(a.set, b.set), other: a.other && b.other}
}

func (a addresses) not(f family) addresses {
	return addresses{set: without(wholeSet(f), a.set), other: !a.other}
}

// both is the set in a policy for both families: alone tells that the text has a chain for this family only.
func (a addresses) both(f family, alone bool) *netipx.IPSet {
	if !a.other || !alone {
		return a.set
	}
	return union(a.set, wholeSet(ipv6-f))
}

// parseAddresses reads what stands behind -s or -d: addresses, prefixes and masks between commas.
func parseAddresses(text string, f family) (addresses, error) {
	var ranges []netipx.IPRange
	for item := range strings.SplitSeq(text, ",") {
		if item == "0/0" {
			item = whole(f).String()
		}
		r, err := parseAddressRange(item)
		if err != nil {
			return addresses{}, err
		}
		if (f == ipv6) != r.From().Is6() {
			return addresses{}, fmt.Errorf("%s is no %s address", item, f)
		}
		ranges = append(ranges, r)
	}
	return addresses{set: setOf(ranges...)}, nil
}

// parseAddressRange reads an address, a prefix, an address with a mask, or first-last.
func parseAddressRange(text string) (netipx.IPRange, error) {
	if first, last, found := strings.Cut(text, "-"); found {
		a, err := netip.ParseAddr(first)
		b, err2 := netip.ParseAddr(last)
		if r := netipx.IPRangeFrom(a, b); err == nil && err2 == nil && r.IsValid() && a.Zone()+b.Zone() == "" && !a.Is4In6() {
			return r, nil
		}
		return netipx.IPRange{}, fmt.Errorf("%s is not a range of addresses", text)
	}
	address, mask, found := strings.Cut(text, "/")
	a, err := netip.ParseAddr(address)
	if err != nil || a.Zone() != "" || a.Is4In6() {
		return netipx.IPRange{}, fmt.Errorf("%s is not an address, and names are not looked up", address)
	}
	if !found {
		return netipx.IPRangeFrom(a, a), nil
	}
	length, err := maskBits(mask, a.BitLen())
	if err != nil {
		return netipx.IPRange{}, err
	}
	return netipx.RangeOfPrefix(netip.PrefixFrom(a, length).Masked()), nil
}

// maskBits reads the length of a prefix, or a mask that means one.
func maskBits(mask string, most int) (int, error) {
	if n, err := strconv.Atoi(mask); err == nil && 0 <= n && n <= most {
		return n, nil
	}
	m, err := netip.ParseAddr(mask)
	if err != nil || m.BitLen() != most {
		return 0, fmt.Errorf("/%s is not a prefix length and not a mask", mask)
	}
	ones := 0
	for _, b := range m.AsSlice() {
		ones += bits.LeadingZeros8(^b)
		if b != 0xff {
			break
		}
	}
	all, _ := netip.AddrFromSlice(bytes.Repeat([]byte{0xff}, most/8))
	if netip.PrefixFrom(all, ones).Masked().Addr() != m {
		return 0, fmt.Errorf("the mask %s makes no prefix, and the policy has no other masks", mask)
	}
	return ones, nil
}
