package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// goesBack are the packets whose source has a unicast route by the incoming interface (nft_fib4_eval, rpfilter_mt). What
// came over lo passes, and who asks for an IPv4 address.
func (p *plan) goesBack(h *header) packetset.Set {
	if p.places.blank {
		return p.undecided("the way back to the source is not known")
	}
	if p.places.isLoopback(h.in) {
		return p.space.All()
	}
	back := p.isOneOf(h.source, p.places.behind(h.in))
	if p.family == netfilter.IPv6 {
		return back.Or(p.isOneOf(h.source, p.places.prefix("ff02::/16", ""))) // asked of the interface itself
	}
	asking := p.isOneOf(h.source, p.places.prefix("0.0.0.0/8", ""))
	everyone := p.isOneOf(h.destination, p.places.prefix("255.255.255.255/32", ""))
	return back.Or(asking.And(everyone.Or(p.isOneOf(h.destination, p.places.prefix("224.0.0.0/24", "")))))
}

// meetsReverse are the packets whose ReversePath & mask is in values.
func (p *plan) meetsReverse(h *header, mask netfilter.Number, values netfilter.Ranges, negate bool) packetset.Set {
	back := p.goesBack(h)
	some := p.space.None()
	if values.Contains(netfilter.Small(1).And(mask)) != negate {
		some = some.Or(back)
	}
	if values.Contains(netfilter.Number{}) != negate {
		some = some.Or(back.Not())
	}
	return some
}
