package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// manip is what a nat hook changes (enum nf_nat_manip_type).
type manip uint8

const (
	noManip manip = iota
	destinationManip
	sourceManip
)

func manipOf(h netfilter.Hook) manip {
	if h == netfilter.Prerouting || h == netfilter.Output {
		return destinationManip
	}
	return sourceManip
}

// equal are the packets for which two values are the same number; values that are not known are taken as different.
func (p *plan) equal(old, new value) packetset.Set {
	switch {
	case old == new && !old.unknown:
		return p.space.All()
	case old.unknown || new.unknown:
		return p.space.None()
	case new.IsConstant():
		return p.space.Reads(old.Reading, netfilter.One(new.Fixed))
	case old.IsConstant():
		return p.space.Reads(new.Reading, netfilter.One(old.Fixed))
	}
	return p.space.None()
}

// done notes that a conversation's translation is decided.
func (r *run) done(h *header) {
	if r.manip == destinationManip {
		h.destDone = true
	} else {
		h.sourceDone = true
	}
}

// give translates the first packet, and with it the entry.
func (r *run) give(h *header, address, port value) {
	r.done(h)
	if r.manip == destinationManip {
		h.destination, h.dport = address, port
		h.entry.destination, h.entry.dport = address, port
		h.natted |= netfilter.StatusDestinationNAT
		return
	}
	h.source, h.sport = address, port
	h.entry.source, h.entry.sport = address, port
	h.natted |= netfilter.StatusSourceNAT
}

// translated does for packets of an entry what its translation says (nf_nat_packet).
func (r *run) translated(h *header) {
	switch {
	case h.track == answering && r.manip == destinationManip:
		h.destination, h.dport = h.dial.source, h.dial.sport
	case h.track == answering:
		h.source, h.sport = h.dial.destination, h.dial.dport
	case r.manip == destinationManip:
		h.destination, h.dport = h.entry.destination, h.entry.dport
	default:
		h.source, h.sport = h.entry.source, h.entry.sport
	}
}
