package reach

import (
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Address types (RTN_* of include/uapi/linux/rtnetlink.h), and packet types (include/uapi/linux/if_packet.h).
const (
	typeUnicast     = 1
	typeLocal       = 2
	typeBroadcast   = 3
	typeMulticast   = 5
	typeUnreachable = 7

	packetToHost    = 0
	packetBroadcast = 1
	packetMulticast = 2
)

// classes are the types of all addresses, given those that the local table has. Whatever it does not have is unicast
// (__inet_dev_addr_type), except for IPv6 where there is no route (nft_fib_ipv6.c).
func (pl *places) classes(local, broadcast netfilter.Ranges) []class {
	broadcast = broadcast.Union(pl.limited())
	unreachable := pl.unreachable()
	taken := local.Union(broadcast).Union(pl.multicast).Union(unreachable)
	return []class{
		{typeLocal, local.Minus(broadcast).Minus(pl.multicast)}, {typeBroadcast, broadcast}, {typeMulticast, pl.multicast},
		{typeUnreachable, unreachable}, {typeUnicast, everything.Minus(taken)},
	}
}

// limited are the IPv4 addresses that are broadcast everywhere.
func (pl *places) limited() netfilter.Ranges {
	return pl.once("limited", func() netfilter.Ranges {
		return pl.prefix("255.255.255.255/32", "").Union(pl.prefix("0.0.0.0/8", ""))
	})
}

func (pl *places) unreachable() netfilter.Ranges {
	if pl.family == netfilter.IPv4 {
		return nil
	}
	return everything.Minus(pl.routable).Minus(pl.local).Minus(pl.multicast)
}

// typesOn are the types where only one interface is asked: an address of another one is no local address there.
func (pl *places) typesOn(name string) []class {
	if pl.madeTypes[name] == nil {
		pl.madeTypes[name] = pl.newTypesOn(name)
	}
	return pl.madeTypes[name]
}

func (pl *places) newTypesOn(name string) []class {
	i := pl.interfaces[name]
	local := pl.localOf(i)
	if pl.isLoopback(name) {
		local = local.Union(pl.loopback())
	}
	return pl.classes(local, pl.broadcastOf(i).Minus(local))
}

// packetTypes follow from the destination that the frame had: nobody sends to a broadcast address but by broadcast.
func (pl *places) packetTypes(h *header) []class {
	if h.in == "" {
		return madeHere
	}
	const name = "/packets" // no interface's name
	if pl.madeTypes[name] == nil {
		broadcast := pl.broadcast.Union(pl.limited())
		pl.madeTypes[name] = []class{{packetBroadcast, broadcast}, {packetMulticast, pl.multicast},
			{packetToHost, everything.Minus(broadcast.Union(pl.multicast))}}
	}
	return pl.madeTypes[name]
}

var madeHere = []class{{packetToHost, everything}}

// behind are the addresses, not the host's own, that have a route by an interface: one of the longest.
func (pl *places) behind(name string) netfilter.Ranges {
	return pl.once("behind "+name, func() netfilter.Ranges { return pl.newBehind(name) })
}

func (pl *places) newBehind(name string) netfilter.Ranges {
	var found netfilter.Ranges
	for _, r := range pl.routes {
		if slices.Contains(r.outs, name) {
			found = found.Union(r.addresses)
		}
	}
	found = found.Minus(pl.linkLocal()).Union(pl.onLink[name].Intersect(pl.linkLocal()))
	return found.Minus(pl.local.Union(pl.broadcast))
}
