package verify

import (
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/policy"
)

// otherProtocol stands for what a policy has no word for: icmp in it is an echo, and only `all` speaks of the rest.
const otherProtocol host.Protocol = 255

// Conversation is a first packet as a policy sees it. out is where it would leave the host, "" into a container.
func Conversation(p netfilter.Packet, out string) policy.Conversation {
	c := policy.Conversation{In: p.In, Out: out, Source: p.Source, Destination: p.Destination, Protocol: otherProtocol}
	switch {
	case isEcho(p):
		c.Protocol = host.ICMP
	case p.Protocol == uint8(host.TCP), p.Protocol == uint8(host.UDP), p.Protocol == uint8(host.SCTP):
		c.Protocol, c.Port = host.Protocol(p.Protocol), p.DestinationPort
	}
	return c
}

func isEcho(p netfilter.Packet) bool {
	if p.Family() == netfilter.IPv4 {
		return p.Protocol == 1 && p.ICMPType == echoRequest4
	}
	return p.Protocol == 58 && p.ICMPType == echoRequest6
}
