package netfilter

import "net/netip"

// Packet is one packet's header, with the interface that it arrives on.
type Packet struct {
	In          string // "": made by the host itself
	PhysicalIn  string // the bridge's port it came in by, where bridge-nf hands bridged frames to the IP hooks
	Source      netip.Addr
	Destination netip.Addr
	Protocol    uint8
	// Ports of tcp, udp, udplite, sctp and dccp; 0 for others.
	SourcePort, DestinationPort uint16
	ICMPType, ICMPCode          uint8
	ICMPID                      uint16 // of echoes: what conntrack takes for the ports
	TCPFlags                    uint8  // 2 (SYN) begins a conversation
	Length                      uint16
	TTL                         uint8
	DSCP                        uint8
	SourceMAC                   [6]byte
	Fragment                    bool // a later fragment
}

// Family is IPv4 or IPv6.
func (p Packet) Family() Family {
	if p.Source.Is4() {
		return IPv4
	}
	return IPv6
}

// HasPorts tells whether the protocol has ports.
func (p Packet) HasPorts() bool {
	switch p.Protocol {
	case 6, 17, 33, 132, 136: // tcp, udp, dccp, sctp, udplite
		return !p.Fragment
	}
	return false
}
