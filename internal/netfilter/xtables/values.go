package xtables

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// never is a match that no packet passes, and present one that every packet passes which has the field.
var never = netfilter.Either{}

func present(field netfilter.Field) netfilter.Test {
	return netfilter.Test{Field: field, Mask: netfilter.AllOnes, Values: netfilter.Between(netfilter.Number{}, netfilter.AllOnes)}
}

func oneValue(n uint64) netfilter.Ranges { return netfilter.One(netfilter.Small(n)) }

// test is the comparison of a whole field.
func test(field netfilter.Field, values netfilter.Ranges, negate bool) netfilter.Test {
	return netfilter.Test{Field: field, Mask: netfilter.AllOnes, Values: values, Negate: negate}
}

// masked is (field & mask) == value.
func masked(field netfilter.Field, value, mask uint64, negate bool) netfilter.Test {
	return netfilter.Test{Field: field, Mask: netfilter.Small(mask), Values: oneValue(value), Negate: negate}
}

// anyBit asks for one of the bits at least.
func anyBit(field netfilter.Field, bits uint64, negate bool) netfilter.Test {
	return netfilter.Test{Field: field, Mask: netfilter.Small(bits), Values: oneValue(0), Negate: !negate}
}

// not is true where the matches are not all true, also where that is because a field is missing.
func not(matches ...netfilter.Match) netfilter.Either {
	return netfilter.Either{Alternatives: [][]netfilter.Match{matches}, Negate: true}
}

// number reads a number as C does: 10, 0x0a.
func number(text string, bits int) (uint64, error) {
	n, err := strconv.ParseUint(text, 0, bits)
	if err != nil {
		return 0, fmt.Errorf("%q is no number of %d bits", shortened(text), bits)
	}
	return n, nil
}

// valueMask reads "0x1/0xff"; without a mask it is full.
func valueMask(text string, full uint64) (value, mask uint64, err error) {
	first, second, has := strings.Cut(text, "/")
	mask = full
	if value, err = number(first, 32); err == nil && has {
		mask, err = number(second, 32)
	}
	return value, mask, err
}

// numberRange reads "80", "80:90", ":90", "80:"; sep is what stands between the ends, greatest the end that is left out.
func numberRange(text, sep string, greatest uint64) (netfilter.Ranges, error) {
	low, high, isRange := strings.Cut(text, sep)
	first, last := uint64(0), greatest
	var err error
	if low != "" || !isRange {
		if first, err = bounded(low, greatest); err != nil {
			return nil, err
		}
	}
	if !isRange {
		last = first
	} else if high != "" {
		if last, err = bounded(high, greatest); err != nil {
			return nil, err
		}
	}
	return netfilter.Between(netfilter.Small(first), netfilter.Small(last)), nil
}

func bounded(text string, greatest uint64) (uint64, error) {
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil || n > greatest {
		return 0, fmt.Errorf("%q is no number up to %d", shortened(text), greatest)
	}
	return n, nil
}

// address reads an address of the family.
func address(family netfilter.Family, text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Is4() != (family == netfilter.IPv4) || a.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("%q is no address of the family %s", shortened(text), family)
	}
	return a, nil
}

// addressRange reads "10.0.0.1-10.0.0.9", or one address.
func addressRange(family netfilter.Family, text string) (first, last netip.Addr, err error) {
	low, high, isRange := strings.Cut(text, "-")
	if first, err = address(family, low); err != nil || !isRange {
		return first, first, err
	}
	last, err = address(family, high)
	return first, last, err
}

// addressTest reads an address with a mask, as a number of bits or written like an address; the mask may have holes.
func addressTest(family netfilter.Family, field netfilter.Field, text string) (netfilter.Test, error) {
	base, maskText, hasMask := strings.Cut(text, "/")
	a, err := address(family, base)
	if err != nil {
		return netfilter.Test{}, err
	}
	if !hasMask {
		return test(field, netfilter.One(netfilter.OfAddress(a)), false), nil
	}
	if bits, err := strconv.Atoi(maskText); err == nil {
		prefix, err := a.Prefix(bits)
		if err != nil {
			return netfilter.Test{}, err
		}
		return test(field, netfilter.OfPrefix(prefix), false), nil
	}
	m, err := address(family, maskText)
	if err != nil {
		return netfilter.Test{}, err
	}
	mask := netfilter.OfAddress(m)
	return netfilter.Test{Field: field, Mask: mask, Values: netfilter.One(netfilter.OfAddress(a).And(mask))}, nil
}

// prefixes are the addresses of prefixes that this package names.
func prefixes(list ...string) netfilter.Ranges {
	var ranges []netfilter.Range
	for _, text := range list {
		ranges = append(ranges, netfilter.OfPrefix(netip.MustParsePrefix(text))...)
	}
	return netfilter.NewRanges(ranges...)
}
