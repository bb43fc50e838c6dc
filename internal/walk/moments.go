package walk

import (
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// followed follows a later packet of each conversation that the first packet can begin.
func (w *Walker) followed(q Question, begun []*outcome) []Way {
	var all []*outcome
	const pointsOfOne = 1 << 20
	for i, first := range begun {
		if first.way.End.Kind == Unknown {
			all = append(all, first) // nor can it be said what comes after it
			continue
		}
		if !first.way.End.Passes() {
			continue
		}
		s := start{packet: laterPacket(w.complete(&q)), question: &q, points: (i + 1) * pointsOfOne}
		if q.Moment == Answer {
			answer, ok := answerTo(first)
			if !ok {
				continue
			}
			s.packet, s.reply = answer, true
		}
		s.entry = first.way.Conversation
		for _, o := range w.explore(s) {
			o.needed = append(slices.Clone(first.needed), o.needed...)
			o.way.Sure = o.way.Sure && first.way.Sure
			all = append(all, o)
		}
	}
	return present(all)
}

// laterPacket is a packet after the handshake, unless the question says another one than a SYN.
func laterPacket(p netfilter.Packet) netfilter.Packet {
	if p.Protocol == protocolTCP && p.TCPFlags&^(64|128) == flagSYN {
		p.TCPFlags = flagACK
	}
	return p
}

// answerTo is what the other side answers to a packet that came to its end: from this host if it was delivered here, else
// from where it was sent to. false: such a message has no answer.
func answerTo(first *outcome) (netfilter.Packet, bool) {
	end := first.way.End
	sent := tupleOf(&end.Packet)
	t, ok := sent.inverse()
	p := netfilter.Packet{In: end.Out, Source: t.Source, Destination: t.Destination, Protocol: t.Protocol, TTL: 64}
	if end.Kind == Forwarded {
		p.PhysicalIn = first.out.physicalOut
	}
	switch {
	case t.isICMP():
		p.ICMPID, p.ICMPType, p.ICMPCode = t.SourcePort, uint8(t.DestinationPort>>8), uint8(t.DestinationPort)
	default:
		p.SourcePort, p.DestinationPort = t.SourcePort, t.DestinationPort
	}
	if p.Protocol == protocolTCP {
		p.TCPFlags = flagSYN | flagACK
	}
	return p, ok
}
