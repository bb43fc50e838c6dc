package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// read is the value that a numeric field has under a header. Which packets have the field at all is asked of has.
func (p *plan) read(h *header, f netfilter.Field) value {
	if p.free {
		return p.readFree(f)
	}
	switch f {
	case netfilter.SourceAddress:
		return h.source
	case netfilter.DestinationAddress:
		return h.destination
	case netfilter.SourcePort:
		return h.sport
	case netfilter.DestinationPort:
		return h.dport
	case netfilter.Mark:
		return h.mark
	case netfilter.NetworkFamily:
		return p.nfproto()
	case netfilter.Fragment:
		return number(0)
	case netfilter.DSCP:
		return h.dscp
	case netfilter.TTL:
		return h.ttl
	}
	if f >= netfilter.ConntrackMark && f <= netfilter.ReplyDestinationPort {
		return p.readConntrack(h, f)
	}
	return h.readRest(f)
}

// readFree is for chains that are judged alone: what rules write is not known, all else can be anything.
func (p *plan) readFree(f netfilter.Field) value {
	switch {
	case p.written[f]:
		return unspecified
	case f == netfilter.NetworkFamily || f == netfilter.ConntrackFamily:
		return p.nfproto()
	case f == netfilter.Fragment:
		return number(0)
	}
	return plain(f)
}

// readRest is for fields that differ between a conversation's packets, or that only some packets have.
func (h *header) readRest(f netfilter.Field) value {
	switch f {
	case netfilter.TCPFlags:
		return h.tcpFlags
	case netfilter.ICMPType:
		return h.icmpType
	case netfilter.Length:
		if h.answers {
			return unspecified
		}
	case netfilter.SourceMAC:
		if h.in == "" {
			return absent
		}
		if h.looped {
			return number(0)
		}
		if h.answers {
			return unspecified
		}
	case netfilter.OwnerUser, netfilter.OwnerGroup:
		if !h.made || h.looped {
			return absent
		}
		if h.answers {
			return unspecified
		}
	}
	return plain(f)
}

// readConntrack reads the conntrack entry.
func (p *plan) readConntrack(h *header, f netfilter.Field) value {
	if f == netfilter.ConntrackState {
		return number(h.stateBit())
	}
	if !h.track.hasEntry() {
		return absent
	}
	switch f {
	case netfilter.ConntrackMark:
		return h.ctmark
	case netfilter.ConntrackStatus:
		return number(h.status())
	case netfilter.ConntrackDirection:
		return number(direction(h.track))
	case netfilter.ConntrackFamily:
		return p.nfproto()
	case netfilter.ConntrackProtocol:
		return plain(netfilter.Protocol)
	case netfilter.OriginalSource:
		return h.dial.source
	case netfilter.OriginalDestination:
		return h.dial.destination
	case netfilter.OriginalSourcePort:
		return h.dial.sport
	case netfilter.OriginalDestinationPort:
		return h.dial.dport
	}
	return h.readReply(f)
}

func (h *header) readReply(f netfilter.Field) value {
	switch f {
	case netfilter.ReplySource:
		return h.entry.destination
	case netfilter.ReplyDestination:
		return h.entry.source
	case netfilter.ReplySourcePort:
		return h.entry.dport
	}
	return h.entry.sport
}

func direction(t tracking) uint64 {
	if t == answering {
		return 1
	}
	return 0
}

func (p *plan) nfproto() value {
	if p.family == netfilter.IPv4 {
		return number(2)
	}
	return number(10)
}

func (h *header) stateBit() uint64 {
	switch h.track {
	case fresh:
		return netfilter.StateNew
	case established, answering:
		return netfilter.StateEstablished
	case untracked:
		return netfilter.StateUntracked
	}
	return netfilter.StateInvalid
}

// status is ConntrackStatus: an entry is confirmed when its first packet has passed the last hook, has seen a reply from
// the first answer on, and is assured from who began TCP's handshake ends it (see assured).
func (h *header) status() uint64 {
	bits := h.natted
	switch {
	case h.finds != unseen:
		bits |= netfilter.StatusSeenReply | netfilter.StatusConfirmed
	case h.looped:
		bits |= netfilter.StatusConfirmed
	}
	return bits
}

// has are the packets that have a field, as far as it hangs on their protocol; for a chain alone also on their state.
func (p *plan) has(h *header, f netfilter.Field) packetset.Set {
	if !p.free {
		return p.space.Has(f)
	}
	if f >= netfilter.ConntrackMark && f <= netfilter.ReplyDestinationPort && f != netfilter.ConntrackState {
		return p.space.Reads(packetset.Plain(netfilter.ConntrackState), entryStates)
	}
	return p.space.Has(f)
}

// entryStates are the conntrack states of packets that have an entry.
var entryStates = numbers(netfilter.StateEstablished, netfilter.StateRelated, netfilter.StateNew)
