package packetset

import "github.com/dockwall/dockwall/internal/netfilter"

// Has are the packets that have a field, as far as their protocol decides it: ports, an ICMP type, TCP flags.
func (s *Space) Has(f netfilter.Field) Set {
	if s.having[f].space == nil {
		s.having[f] = s.newHas(f)
	}
	return s.having[f]
}

func (s *Space) newHas(f netfilter.Field) Set {
	switch f {
	case netfilter.SourcePort, netfilter.DestinationPort:
		return s.Reads(Plain(netfilter.Protocol), numbers(6, 17, 33, 132, 136)) // as netfilter.Packet.HasPorts
	case netfilter.ICMPType, netfilter.ICMPCode:
		return s.ICMP()
	case netfilter.TCPFlags:
		return s.Reads(Plain(netfilter.Protocol), numbers(6))
	}
	return s.All()
}

// ICMP are the packets of the family's own control protocol.
func (s *Space) ICMP() Set {
	if s.family == netfilter.IPv4 {
		return s.Reads(Plain(netfilter.Protocol), numbers(1))
	}
	return s.Reads(Plain(netfilter.Protocol), numbers(58))
}

func numbers(list ...uint64) netfilter.Ranges {
	ranges := make([]netfilter.Range, len(list))
	for i, n := range list {
		ranges[i] = netfilter.Range{First: netfilter.Small(n), Last: netfilter.Small(n)}
	}
	return netfilter.NewRanges(ranges...)
}
