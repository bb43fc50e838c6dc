package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// begins are the packets that begin a conversation (the "new" functions of net/netfilter/nf_conntrack_proto_*.c). Of
// TCP these are SYN and, unless nf_conntrack_tcp_loose is 0, an ACK in the middle of a connection that it has not seen;
// of ICMP requests that have an answer. What SCTP and DCCP packets carry is not looked at: they are taken to begin.
func (p *plan) begins(h *header) packetset.Set {
	flags := []uint64{2, 2 | 32}
	if !p.places.strictTCP {
		flags = append(flags, 16, 16|32)
	}
	tcp := p.compare(h, netfilter.TCPFlags, h.tcpFlags, netfilter.Small(1|2|4|16|32), numbers(flags...), false)
	requests := numbers(8, 13, 15, 17)
	if p.family == netfilter.IPv6 {
		requests = numbers(128, 139)
	}
	icmp := p.compareValue(h, netfilter.ICMPType, requests)
	others := p.space.Has(netfilter.TCPFlags).Or(p.space.ICMP()).Not()
	return tcp.Or(icmp).Or(others)
}

// outside are the packets that conntrack does not track at all: ICMPv6 of the neighbourhood (nf_conntrack_proto_icmpv6.c,
// noct_valid_new).
func (p *plan) outside(h *header) packetset.Set {
	if p.family == netfilter.IPv4 {
		return p.space.None()
	}
	return p.compareValue(h, netfilter.ICMPType, numbers(130, 131, 132, 133, 134, 135, 136, 143))
}

func numbers(list ...uint64) netfilter.Ranges {
	ranges := make([]netfilter.Range, len(list))
	for i, n := range list {
		ranges[i] = netfilter.Range{First: netfilter.Small(n), Last: netfilter.Small(n)}
	}
	return netfilter.NewRanges(ranges...)
}
