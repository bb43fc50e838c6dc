package verify

import (
	"net/netip"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/addrset"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
)

var (
	everyAddress = addrset.OfPrefixes(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0"))
	loopback     = addrset.OfPrefixes(netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
	multicast    = addrset.OfPrefixes(netip.MustParsePrefix("224.0.0.0/4"), netip.MustParsePrefix("ff00::/8"))
)

// ownAddresses are the host's: those of its interfaces, and loopback.
func ownAddresses(h *host.Host) *netipx.IPSet {
	var b netipx.IPSetBuilder
	b.AddSet(loopback)
	for _, i := range h.Interfaces {
		for _, a := range i.Addresses {
			b.Add(a.Addr())
		}
	}
	return addrset.Built(&b)
}

// broadcasts are IPv4's limited broadcast and those of the subnets that the host is on.
func broadcasts(h *host.Host) *netipx.IPSet {
	var b netipx.IPSetBuilder
	b.Add(netip.AddrFrom4([4]byte{255, 255, 255, 255}))
	for _, i := range h.Interfaces {
		for _, a := range i.Addresses {
			if a.Addr().Is4() && a.Bits() < 31 {
				b.Add(netipx.PrefixLastIP(a))
			}
		}
	}
	return addrset.Built(&b)
}

// allOf are all addresses of an address's family.
func allOf(a netip.Addr) *netipx.IPSet {
	if a.Is4() {
		return addrset.OfPrefixes(netip.PrefixFrom(netip.IPv4Unspecified(), 0))
	}
	return addrset.OfPrefixes(netip.PrefixFrom(netip.IPv6Unspecified(), 0))
}

// rangesOf are a set's addresses of one family, as a packet's fields have them.
func rangesOf(s *netipx.IPSet, f netfilter.Family) netfilter.Ranges {
	var ranges []netfilter.Range
	for _, r := range s.Ranges() {
		if r.From().Is4() == (f == netfilter.IPv4) {
			ranges = append(ranges, netfilter.Range{First: netfilter.OfAddress(r.From()), Last: netfilter.OfAddress(r.To())})
		}
	}
	return netfilter.NewRanges(ranges...)
}
