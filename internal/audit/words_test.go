package audit

import (
	"net/netip"
	"strings"
	"testing"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/addrset"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// addressSet is a set of prefixes, addresses and ranges, with "any" and "-" before what is not in it.
func addressSet(t *testing.T, f netfilter.Family, text string) *netipx.IPSet {
	t.Helper()
	var b netipx.IPSetBuilder
	for _, word := range strings.Fields(text) {
		bare, without := strings.CutPrefix(word, "-")
		var s *netipx.IPSet
		if first, last, is := strings.Cut(bare, "-"); is {
			s = addrset.OfRanges(netipx.IPRangeFrom(netip.MustParseAddr(first), netip.MustParseAddr(last)))
		} else if bare == "any" {
			s = everything(f)
		} else if p, err := netip.ParsePrefix(bare); err == nil {
			s = addrset.OfPrefixes(p)
		} else {
			a := netip.MustParseAddr(bare)
			s = addrset.OfPrefixes(netip.PrefixFrom(a, a.BitLen()))
		}
		if without {
			b.RemoveSet(s)
		} else {
			b.AddSet(s)
		}
	}
	return addrset.Built(&b)
}

func TestTell(t *testing.T) {
	four, six := netfilter.IPv4, netfilter.IPv6
	v := Vocabulary{
		Names: []Named{
			{"office", addressSet(t, four, "192.168.0.0/24 2001:db8::/64")},
			{"vpn", addressSet(t, four, "10.8.0.0/24 10.9.0.0/24")},
			{"local", addressSet(t, four, "127.0.0.0/8 10.1.0.0/16")},
			{"empty", addressSet(t, four, "")},
		},
		Ignored: implausible(netip.MustParsePrefix("203.0.113.10/32")),
	}
	for _, test := range []struct {
		family netfilter.Family
		set    string
		want   string
	}{
		{four, "", "nobody"},
		{four, "127.0.0.1 224.0.0.1", "nobody"},
		{four, "any", "any"},
		{four, "any -127.0.0.0/8 -203.0.113.10 -224.0.0.0/3", "any"},
		{four, "192.168.0.0/24", "office"},
		{six, "2001:db8::/64", "office"},
		{four, "192.168.0.0/24 203.0.113.10", "office"},
		{four, "192.168.0.0/24 10.8.0.0/23 10.9.0.0/24", "office, vpn, 10.8.1.0/24"},
		{four, "192.168.0.0/25", "192.168.0.0/25"},
		{four, "192.168.0.0/23", "192.168.0.0/23"},
		{four, "10.1.0.0/16", "local"},
		{four, "any -192.168.0.0/24", "any except office"},
		{four, "any -198.51.100.7", "any except 198.51.100.7"},
		{four, "any -198.51.100.7 -192.168.0.0/24", "any except office, 198.51.100.7"},
		{four, "203.0.113.8/30 -203.0.113.10", "203.0.113.8/30"},
		{four, "10.0.0.0 10.0.0.255", "10.0.0.0, 10.0.0.255"},
		{four, "10.0.0.3-10.0.0.200", "10.0.0.3-10.0.0.200"},
		{six, "any -fe80::/10", "any except fe80::/10"},
		{six, "any", "any"},
	} {
		if got := v.Tell(addressSet(t, test.family, test.set), test.family); got != test.want {
			t.Errorf("%s: %s; want %s", test.set, got, test.want)
		}
	}
}

func TestTooLargeSetsAreTold(t *testing.T) {
	small, roomy := packetset.NewLimited(netfilter.IPv6, 8), packetset.NewSpace(netfilter.IPv6)
	for _, s := range []*packetset.Space{small, roomy} {
		field(s, netfilter.DestinationPort, 443)
	}
	if told := tooLarge(small); len(told) != 1 || !strings.Contains(told[0], "IPv6") {
		t.Errorf("of a space that is full: %q", told)
	}
	if told := tooLarge(roomy); told != nil {
		t.Errorf("of a space that is not: %q", told)
	}
}

// A single IPv6 address is next to nothing of the internet.
func TestSize(t *testing.T) {
	for text, want := range map[string]float64{"192.0.2.7/32": 1, "192.0.2.0/24": 256, "2001:db8::/64": 1, "2001:db8::/63": 2,
		"2001:db8::/65": 0.5, "2001:db8::7/128": 0x1p-64, "::/0": 0x1p64} {
		if got := size(addrset.OfPrefixes(netip.MustParsePrefix(text))); got != want {
			t.Errorf("%s: %g, want %g", text, got, want)
		}
	}
}
