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
	if d.of.unknown {
		return p.meetsUnknownClass(d, mask, values, negate)
	}
	some := p.space.None()
	for _, c := range d.classes {
		if values.Contains(netfilter.Small(c.value).And(mask)) != negate {
			some = some.Or(p.isOneOf(d.of, c.addresses))
		}
	}
	return some
}

// meetsUnknownClass is meetsDerived of an address that is one of several.
func (p *plan) meetsUnknownClass(d derived, mask netfilter.Number, values netfilter.Ranges, negate bool) packetset.Set {
	var addresses netfilter.Ranges
	for _, c := range d.classes {
		if values.Contains(netfilter.Small(c.value).And(mask)) != negate {
			addresses = addresses.Union(c.addresses)
		}
	}
	return p.among(d.of, addresses)
}

// among are the packets whose number is one of those.
func (p *plan) among(v value, list netfilter.Ranges) packetset.Set {
	if v.unknown {
		return p.compareUnknown(netfilter.DestinationAddress, v, netfilter.AllOnes, list, false)
	}
	return p.space.Reads(v.Reading, list)
}

// isOneOf is among for the lists of places.
func (p *plan) isOneOf(v value, addresses netfilter.Ranges) packetset.Set {
	if v.unknown || v.IsConstant() || len(addresses) == 0 {
		return p.among(v, addresses)
	}
	key := placeKey{v.Reading, &addresses[0]}
	s, known := p.built[key]
	if !known {
		s = p.space.Reads(v.Reading, addresses)
		p.built[key] = s
	}
	return s
}

// placeKey is a list of addresses by its identity (those of places are made once and never changed), and how they are read.
type placeKey struct {
	packetset.Reading
	list *netfilter.Range
}
