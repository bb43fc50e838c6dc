package policy

import (
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/dockwall/dockwall/internal/addrset"
)

// Addresses is the union of ranges and named sets. Peers that are containers, and sets that do not exist, add nothing.
func (p *Policy) Addresses(peers []Peer) *netipx.IPSet {
	var all []netipx.IPRange
	for _, peer := range peers {
		all = append(all, p.ranges(peer)...)
	}
	return addrset.OfRanges(all...)
}

func (p *Policy) ranges(peer Peer) []netipx.IPRange {
	switch {
	case peer.Container != nil:
		return nil
	case peer.Set == "":
		return []netipx.IPRange{peer.Range}
	case p.Sets[peer.Set] == nil:
		return nil
	}
	return p.Sets[peer.Set].Ranges
}

// contains tells whether an address is one of the peers'.
func (p *Policy) contains(peers []Peer, a netip.Addr) bool {
	return slices.ContainsFunc(peers, func(peer Peer) bool {
		return slices.ContainsFunc(p.ranges(peer), func(r netipx.IPRange) bool { return r.Contains(a) })
	})
}

// admits tells whether a side that names addresses matches one.
func (p *Policy) admits(side Peers, a netip.Addr) bool {
	return (len(side.Items) == 0 || p.contains(side.Items, a)) && !p.contains(side.Except, a)
}
