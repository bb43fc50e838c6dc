package walk

import (
	"fmt"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// conntrack is nf_conntrack_in: it finds the packet's conversation, or begins one.
func (r *run) conntrack() {
	switch {
	case r.track != noEntry: // NOTRACK, or seen before on its way over the loopback interface
		return
	case r.start.entry != nil && r.belongs():
		r.continues()
	case untrackable(&r.packet):
		r.track = untracked
		r.step(Conntrack, nil, nil, "untracked")
	case !r.creates():
		r.step(Conntrack, nil, nil, "invalid")
	default:
		r.step(Conntrack, nil, nil, "new")
	}
}

// belongs tells whether the packet, after what rules before did to it, still has the tuple of its conversation.
func (r *run) belongs() bool {
	e := r.start.entry
	if r.start.reply {
		return tupleOf(&r.packet) == e.Reply
	}
	return tupleOf(&r.packet) == e.Original
}

// continues takes up the entry, which has been answered: by this packet, or before it. A UDP conversation is not assured
// yet: that takes two seconds (nf_conntrack_udp_packet).
func (r *run) continues() {
	r.track, r.conn, r.reply, r.established = tracked, *r.start.entry, r.start.reply, true
	r.conn.Status |= netfilter.StatusSeenReply | netfilter.StatusConfirmed
	if !r.reply && r.packet.Protocol == protocolTCP {
		r.conn.Status |= netfilter.StatusAssured // the handshake's end (nf_conntrack_tcp_packet)
	}
	r.bound = [2]bool{true, true}
	if r.recorder != nil {
		r.step(Conntrack, nil, nil, "established, "+directionWord(r.reply))
	}
}

func directionWord(reply bool) string {
	if reply {
		return "the answering side"
	}
	return "the side that began"
}

// creates begins a conversation; false where the packet cannot begin one: it is invalid (init_conntrack).
func (r *run) creates() bool {
	p := &r.packet
	original := tupleOf(p)
	reply, ok := original.inverse()
	switch {
	case !ok,
		original.isICMP() && !begins(p.Protocol, p.ICMPType),
		p.Protocol == protocolTCP && !opens(p.TCPFlags),
		p.Protocol == protocolSCTP && r.start.question.Moment != First: // an INIT alone begins one (sctp_new)
		return false
	}
	r.track, r.conn, r.reply = tracked, Conversation{Original: original, Reply: reply}, false
	return true
}

// opens tells whether a TCP packet can begin a conversation: the state that tcp_conntracks has for it in
// TCP_CONNTRACK_NONE, after the check of tcp_valid_flags. Conversations are picked up in the middle
// (nf_conntrack_tcp_loose).
func opens(flags uint8) bool {
	switch flags & (flagFIN | flagSYN | flagRST | flagACK | flagURG) {
	case flagSYN, flagSYN | flagURG, flagACK, flagACK | flagURG:
		return true
	}
	return false // SYN+ACK, RST, FIN, and what no TCP sends
}

// untrackable are the messages that conntrack marks as untracked itself (nf_conntrack_icmpv6_error).
func untrackable(p *netfilter.Packet) bool {
	if p.Protocol != protocolICMPv6 {
		return false
	}
	switch p.ICMPType {
	case 130, 131, 132, 133, 134, 135, 136, 143: // multicast listeners, neighbours and routers
		return true
	}
	return false
}

// conntrackField reads what ct expressions and conntrack matches see.
func (r *run) conntrackField(f netfilter.Field) (netfilter.Number, trilean) {
	switch {
	case f == netfilter.ConntrackState:
		return small(r.conntrackState())
	case r.track != tracked:
		return missing()
	case f == netfilter.ConntrackMark:
		return small(uint64(r.conn.Mark))
	case f == netfilter.ConntrackStatus:
		return small(uint64(r.conn.Status))
	case f == netfilter.ConntrackDirection && r.reply:
		return small(1)
	case f == netfilter.ConntrackDirection:
		return small(0)
	case f == netfilter.ConntrackFamily:
		return small(familyNumber(r.family))
	case f == netfilter.ConntrackProtocol:
		return small(uint64(r.conn.Original.Protocol))
	case f >= netfilter.ReplySource:
		return r.conn.Reply.field(f - netfilter.ReplySource)
	}
	return r.conn.Original.field(f - netfilter.OriginalSource)
}

// field is the n-th of a tuple's fields, in the order of netfilter.OriginalSource and those after it.
func (t *Tuple) field(n netfilter.Field) (netfilter.Number, trilean) {
	switch n {
	case 0:
		return addr(t.Source)
	case 1:
		return addr(t.Destination)
	case 2:
		return small(uint64(t.SourcePort))
	}
	return small(uint64(t.DestinationPort))
}

// conntrackState is NF_CT_STATE_BIT as nft_ct_get_eval gives it.
func (r *run) conntrackState() uint64 {
	switch {
	case r.track == untracked:
		return netfilter.StateUntracked
	case r.track == noEntry:
		return netfilter.StateInvalid
	case r.established:
		return netfilter.StateEstablished
	}
	return netfilter.StateNew
}

// set is an action that changes a field for later rules; false where the walk ends because what it sets is not known.
func (r *run) set(a *netfilter.SetField, ru *rule) (matched, walks bool) {
	value := a.Value
	if a.From != netfilter.NoField {
		from, have := r.field(a.From)
		if have == no {
			return ru.xtables, true // nft breaks off the rule, xt_connmark goes on
		}
		if have == maybe {
			return false, r.finish(Unknown, ru.source.Chain, ru.source, "what the rule copies is not known")
		}
		value = from.And(a.Of)
	}
	return true, r.put(a, ru, value)
}

// put writes (field &^ mask) ^ value.
func (r *run) put(a *netfilter.SetField, ru *rule, value netfilter.Number) bool {
	change := func(old uint64) uint64 { return old&^a.Mask.Low ^ value.Low }
	switch a.Field {
	case netfilter.Mark:
		r.mark = uint32(change(uint64(r.mark)))
	case netfilter.ConntrackMark:
		if r.track == tracked {
			r.conn.Mark = uint32(change(uint64(r.conn.Mark)))
		}
	case netfilter.DSCP:
		r.packet.DSCP = uint8(change(uint64(r.packet.DSCP))) & 0x3f
	case netfilter.TTL:
		r.packet.TTL = uint8(change(uint64(r.packet.TTL)))
	case netfilter.SourceAddress:
		r.packet.Source = value.Address(r.family)
	case netfilter.DestinationAddress:
		r.packet.Destination = value.Address(r.family)
	case netfilter.SourcePort:
		r.packet.SourcePort = uint16(change(uint64(r.packet.SourcePort)))
	case netfilter.DestinationPort:
		r.packet.DestinationPort = uint16(change(uint64(r.packet.DestinationPort)))
	default:
		return r.finish(Unknown, ru.source.Chain, ru.source, fmt.Sprintf("the rule sets the %s, whose meaning is not followed", a.Field))
	}
	return true
}
