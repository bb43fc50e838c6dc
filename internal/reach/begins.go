package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// begins are the packets that begin a conversation (the "new" functions of net/netfilter/nf_conntrack_proto_*.c). Of
// TCP these are SYN and, unless nf_conntrack_tcp_loose is 0, an ACK in the middle of a connection that it has not seen;
// of ICMP requests that have an answer. What SCTP and DCCP packets carry is not looked at: they are taken to begin.
func (pl *places) begins(s *packetset.Space) packetset.Set {
	is := func(f netfilter.Field, mask uint64, values ...uint64) packetset.Set {
		return s.Where(f, netfilter.Small(mask), numbers(values...))
	}
	flags := []uint64{2, 2 | 32}
	if !pl.strictTCP {
		flags = append(flags, 16, 16|32)
	}
	tcp := is(netfilter.TCPFlags, 1|2|4|16|32, flags...)
	icmp := is(netfilter.ICMPType, 0xFF, 8, 13, 15, 17)
	if s.Family() == netfilter.IPv6 {
		icmp = is(netfilter.ICMPType, 0xFF, 128, 139)
	}
	others := s.Has(netfilter.TCPFlags).Or(s.ICMP()).Not()
	return tcp.Or(icmp).Or(others)
}

// outside are the packets that conntrack does not track at all: ICMPv6 of the neighbourhood (nf_conntrack_proto_icmpv6.c,
// noct_valid_new).
func (pl *places) outside(s *packetset.Space) packetset.Set {
	if s.Family() == netfilter.IPv4 {
		return s.None()
	}
	return s.Where(netfilter.ICMPType, netfilter.AllOnes, numbers(130, 131, 132, 133, 134, 135, 136, 143))
}

func numbers(list ...uint64) netfilter.Ranges {
	ranges := make([]netfilter.Range, len(list))
	for i, n := range list {
		ranges[i] = netfilter.Range{First: netfilter.Small(n), Last: netfilter.Small(n)}
	}
	return netfilter.NewRanges(ranges...)
}
