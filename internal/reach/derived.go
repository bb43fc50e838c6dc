package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// derived is a field that follows from an address: for each of its values the addresses that give it.
type derived struct {
	of      value
	field   netfilter.Field
	classes []class
}

type class struct {
	value     uint64
	addresses netfilter.Ranges
}

// derive tells whether a field follows from an address, and how.
func (p *plan) derive(h *header, f netfilter.Field) (derived, bool) {
	if p.free {
		return derived{}, false
	}
	switch f {
	case netfilter.SourceType:
		return derived{h.source, f, p.places.types}, true
	case netfilter.DestinationType:
		return derived{h.destination, f, p.places.types}, true
	case netfilter.SourceTypeIn:
		return derived{h.source, f, p.places.typesOn(h.in)}, true
	case netfilter.SourceTypeOut:
		return derived{h.source, f, p.places.typesOn(h.out)}, true
	case netfilter.DestinationTypeIn:
		return derived{h.destination, f, p.places.typesOn(h.in)}, true
	case netfilter.DestinationTypeOut:
		return derived{h.destination, f, p.places.typesOn(h.out)}, true
	case netfilter.PacketType:
		return derived{h.dialled(), f, p.places.packetTypes(h)}, true
	}
	return derived{}, false
}

// dialled is the destination that the packet arrived with.
func (h *header) dialled() value {
	if h.finds == answering {
		return h.entry.source
	}
	return h.dial.destination
}

// meetsDerived are the packets whose derived value & mask is in values.
func (p *plan) meetsDerived(d derived, mask netfilter.Number, values netfilter.Ranges, negate bool) packetset.Set {
	if p.places.blank {
		return p.undecided("the " + d.field.String() + " hangs on addresses and routes that are not known")
	}
	var addresses netfilter.Ranges
	for _, c := range d.classes {
		if values.Contains(netfilter.Small(c.value).And(mask)) != negate {
			addresses = addresses.Union(c.addresses)
		}
	}
	return p.isOneOf(d.of, addresses)
}

// isOneOf are the packets whose address is one of those.
func (p *plan) isOneOf(v value, addresses netfilter.Ranges) packetset.Set {
	if v.unknown {
		return p.compareUnknown(netfilter.DestinationAddress, v, netfilter.AllOnes, addresses, false)
	}
	return p.space.Reads(v.Reading, addresses)
}
