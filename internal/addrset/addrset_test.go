package addrset

import (
	"net/netip"
	"testing"

	"go4.org/netipx"
)

func prefixes(list ...string) *netipx.IPSet {
	var all []netip.Prefix
	for _, text := range list {
		all = append(all, netip.MustParsePrefix(text))
	}
	return OfPrefixes(all...)
}

func TestSets(t *testing.T) {
	net, half, six := prefixes("10.0.0.0/24"), prefixes("10.0.0.0/25"), prefixes("2001:db8::/64")
	for name, test := range map[string]struct{ got, want *netipx.IPSet }{
		"both families":       {Union(net, six), prefixes("10.0.0.0/24", "2001:db8::/64")},
		"nil adds nothing":    {Union(nil, net, nil), net},
		"a part goes":         {Minus(net, half), prefixes("10.0.0.128/25")},
		"nil takes nothing":   {Minus(net, nil), net},
		"nothing of nil":      {Minus(nil, net), Union()},
		"what both have":      {Intersect(net, half), half},
		"nil has nothing":     {Intersect(net, nil), Union()},
		"ranges are prefixes": {OfRanges(netipx.MustParseIPRange("10.0.0.0-10.0.0.255")), net},
		"single addresses": {OfAddresses(netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("2001:db8::1")),
			prefixes("10.0.0.1/32", "2001:db8::1/128")},
	} {
		if !test.got.Equal(test.want) {
			t.Errorf("%s: %v, want %v", name, test.got.Ranges(), test.want.Ranges())
		}
	}
	if !IsEmpty(nil) || !IsEmpty(Union()) || IsEmpty(net) {
		t.Error("IsEmpty is wrong")
	}
}
