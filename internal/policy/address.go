package policy

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"go4.org/netipx"
)

// fault is what is wrong with one word, and what would be right. A nil fault is none.
type fault struct{ message, hint string }

func faultf(hint, format string, arguments ...any) *fault {
	return &fault{message: fmt.Sprintf(format, arguments...), hint: hint}
}

// looksLikeAddress tells words that are meant to be an address, a prefix or a range from names. A container or set
// that looks like an address cannot be named.
func looksLikeAddress(s string) bool {
	if strings.HasPrefix(s, labelPrefix) || strings.HasPrefix(s, networkPrefix) {
		return false
	}
	if strings.Count(s, ":") >= 2 {
		return true
	}
	return s != "" && isDigit(s[0]) && strings.Contains(s, ".") && strings.Trim(s, "0123456789./-%") == ""
}

// parseRange reads an address, a prefix or "first-last".
func parseRange(s string) (netipx.IPRange, *fault) {
	if first, last, isRange := strings.Cut(s, "-"); isRange {
		return parseFromTo(first, last)
	}
	if address, bits, isPrefix := strings.Cut(s, "/"); isPrefix {
		return parsePrefix(address, bits)
	}
	a, f := parseAddress(s)
	return netipx.IPRangeFrom(a, a), f
}

// parseAddress reads one address, in the one way that dockwall writes its family.
func parseAddress(s string) (netip.Addr, *fault) {
	if bare, zone, zoned := strings.Cut(s, "%"); zoned {
		return netip.Addr{}, zoneFault(s, bare, zone)
	}
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		return a, faultf("addresses are written like 192.0.2.1 or 2001:db8::1", "%s is not an address", quote(s))
	case a.Is4In6():
		return a, faultf("write it as IPv4, with "+a.Unmap().String(), "%s is an IPv4 address written as IPv6", quote(s))
	}
	return a, nil
}

func zoneFault(s, bare, zone string) *fault {
	hint := "write " + bare
	if isInterface(zone) {
		hint += fmt.Sprintf("; a rule can say `on %s`", zone)
	}
	return faultf(hint, "%s has a zone", quote(s))
}

func parsePrefix(address, length string) (netipx.IPRange, *fault) {
	a, f := parseAddress(address)
	if f != nil {
		return netipx.IPRange{}, f
	}
	bits, err := strconv.ParseUint(length, 10, 8)
	if err != nil || int(bits) > a.BitLen() || strconv.FormatUint(bits, 10) != length {
		return netipx.IPRange{}, faultf(fmt.Sprintf("the slash is followed by a number from 0 to %d", a.BitLen()),
			"%s is not a prefix", quote(address+"/"+length))
	}
	prefix := netip.PrefixFrom(a, int(bits)).Masked()
	if prefix.Addr() != a {
		return netipx.IPRange{}, faultf(fmt.Sprintf("write %s for the whole prefix, or %s for the one address", prefix, a),
			"%s/%d is an address inside a prefix", a, bits)
	}
	return netipx.RangeOfPrefix(prefix), nil
}

func parseFromTo(first, last string) (netipx.IPRange, *fault) {
	a, f := parseAddress(first)
	if f != nil {
		return netipx.IPRange{}, f
	}
	b, f := parseAddress(last)
	switch {
	case f != nil:
		return netipx.IPRange{}, f
	case a.BitLen() != b.BitLen():
		return netipx.IPRange{}, faultf("both ends are IPv4, or both are IPv6", "%s-%s has ends of two families", a, b)
	case b.Less(a):
		return netipx.IPRange{}, faultf(fmt.Sprintf("write %s-%s", b, a), "the range %s-%s runs backwards", a, b)
	}
	return netipx.IPRangeFrom(a, b), nil
}

// formatRange is the shortest way to write a range.
func formatRange(r netipx.IPRange) string {
	if r.From() == r.To() {
		return r.From().String()
	}
	if prefix, ok := r.Prefix(); ok {
		return prefix.String()
	}
	return r.String()
}
