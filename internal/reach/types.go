package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
)

// Address types (RTN_* of include/uapi/linux/rtnetlink.h), and packet types (include/uapi/linux/if_packet.h).
const (
	typeUnicast   = 1
	typeLocal     = 2
	typeBroadcast = 3
	typeMulticast = 5

	packetToHost    = 0
	packetBroadcast = 1
	packetMulticast = 2
)

// classes are the types of all addresses, given those that the local table has. Whatever it does not have is unicast
// (__inet_dev_addr_type, match_lookup_rt6).
func (pl *places) classes(local, broadcast netfilter.Ranges) []class {
	broadcast = broadcast.Union(pl.limited())
	taken := local.Union(broadcast).Union(pl.multicast)
	return []class{
		{typeLocal, local.Minus(broadcast).Minus(pl.multicast)}, {typeBroadcast, broadcast}, {typeMulticast, pl.multicast},
		{typeUnicast, everything.Minus(taken)},
	}
}

// limited are the IPv4 addresses that are broadcast everywhere.
func (pl *places) limited() netfilter.Ranges {
	return pl.prefix("255.255.255.255/32", "").Union(pl.prefix("0.0.0.0/8", ""))
}

// typesOn are the types where only one interface is asked; of none, of the host.
func (pl *places) typesOn(name string) []class {
	i, known := pl.interfaces[name]
	if !known {
		return pl.types
	}
	local := pl.localOf(i)
	if i.Loopback {
		local = local.Union(pl.loopback())
	}
	return pl.classes(local, pl.broadcastOf(i).Minus(local))
}

// packetTypes follow from the destination as the frame had it: nobody sends to a broadcast address but by broadcast.
func (pl *places) packetTypes(h *header) []class {
	if h.in == "" {
		return []class{{packetToHost, everything}}
	}
	broadcast := pl.broadcast.Union(pl.prefix("255.255.255.255/32", ""))
	return []class{{packetBroadcast, broadcast}, {packetMulticast, pl.multicast},
		{packetToHost, everything.Minus(broadcast.Union(pl.multicast))}}
}

// reversePath is 1 for sources whose route leaves by the interface (rpfilter_lookup_reverse). Over lo it always does.
func (pl *places) reversePath(in string) []class {
	back := pl.behind(in)
	if in == "lo" {
		back = everything
	}
	return []class{{1, back}, {0, everything.Minus(back)}}
}

// behind are the addresses, not the host's own, whose route leaves by an interface.
func (pl *places) behind(name string) netfilter.Ranges {
	for _, r := range pl.routes {
		if r.out == name {
			return r.addresses.Minus(pl.local.Union(pl.broadcast).Union(pl.multicast))
		}
	}
	return nil
}
