package xtables

import (
	"fmt"
	"net"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// markOf asks for a packet's or a conversation's mark: (mark & mask) == value.
func markOf(field netfilter.Field) func(*sentence, option) ([]netfilter.Step, error) {
	return func(_ *sentence, o option) ([]netfilter.Step, error) {
		value, mask, err := valueMask(o.args[0], allMark)
		if mask == allMark {
			return []netfilter.Step{test(field, oneValue(value), o.negate)}, err
		}
		return []netfilter.Step{masked(field, value, mask, o.negate)}, err
	}
}

func addressRanges(s *sentence, o option) ([]netfilter.Step, error) {
	field := netfilter.SourceAddress
	if o.name == "--dst-range" {
		field = netfilter.DestinationAddress
	}
	first, last, err := addressRange(s.family, o.args[0])
	values := netfilter.Between(netfilter.OfAddress(first), netfilter.OfAddress(last))
	return []netfilter.Step{test(field, values, o.negate)}, err
}

func lengthOf(_ *sentence, o option) ([]netfilter.Step, error) {
	values, err := numberRange(o.args[0], ":", 1<<16-1)
	return []netfilter.Step{test(netfilter.Length, values, o.negate)}, err
}

func sourceMAC(_ *sentence, o option) ([]netfilter.Step, error) {
	mac, err := macNumber(o.args[0])
	return []netfilter.Step{test(netfilter.SourceMAC, netfilter.One(mac), o.negate)}, err
}

func macNumber(text string) (netfilter.Number, error) {
	mac, err := net.ParseMAC(text)
	if err != nil || len(mac) != 6 {
		return netfilter.Number{}, fmt.Errorf("%q is no MAC address", shortened(text))
	}
	var n uint64
	for _, b := range mac {
		n = n<<8 | uint64(b)
	}
	return netfilter.Small(n), nil
}

// packetType takes the names of libxt_pkttype. Locally looped back packets are shown to it as multicast or broadcast.
func packetType(_ *sentence, o option) ([]netfilter.Step, error) {
	types := map[string]uint64{"unicast": 0, "host": 0, "broadcast": 1, "bcast": 1, "multicast": 2, "mcast": 2, "otherhost": 3, "outgoing": 4}
	kind, ok := types[strings.ToLower(o.args[0])]
	if !ok {
		return nil, fmt.Errorf("dockwall does not know the type %q", shortened(o.args[0]))
	}
	return []netfilter.Step{test(netfilter.PacketType, oneValue(kind), o.negate)}, nil
}

// timeToLive is for the TTL of IPv4 and the hop limit of IPv6: "--ttl-lt 5", "--hl-eq 255".
func timeToLive(_ *sentence, o option) ([]netfilter.Step, error) {
	n, err := number(o.args[0], 8)
	values := oneValue(n)
	switch {
	case strings.HasSuffix(o.name, "-lt") && n == 0:
		values = nil
	case strings.HasSuffix(o.name, "-lt"):
		values = netfilter.Between(netfilter.Small(0), netfilter.Small(n-1))
	case strings.HasSuffix(o.name, "-gt"):
		values = netfilter.Between(netfilter.Small(n+1), netfilter.Small(255))
	}
	return []netfilter.Step{test(netfilter.TTL, values, o.negate)}, err
}

// dscpClasses are the names of libxt_dscp; iptables-save prints numbers.
var dscpClasses = map[string]uint64{
	"CS0": 0, "CS1": 8, "CS2": 16, "CS3": 24, "CS4": 32, "CS5": 40, "CS6": 48, "CS7": 56, "BE": 0,
	"AF11": 10, "AF12": 12, "AF13": 14, "AF21": 18, "AF22": 20, "AF23": 22, "AF31": 26, "AF32": 28, "AF33": 30,
	"AF41": 34, "AF42": 36, "AF43": 38, "EF": 46,
}

func dscpOf(_ *sentence, o option) ([]netfilter.Step, error) {
	value, err := dscpValue(o.args[0])
	return []netfilter.Step{test(netfilter.DSCP, oneValue(value), o.negate)}, err
}

func dscpValue(text string) (uint64, error) {
	if class, ok := dscpClasses[strings.ToUpper(text)]; ok {
		return class, nil
	}
	return bounded(text, 63)
}

// serviceType compares the whole byte: the DSCP and, in its two lowest bits, the congestion marks, which are not known.
func serviceType(_ *sentence, o option) ([]netfilter.Step, error) {
	value, mask, err := valueMask(o.args[0], 255)
	if err != nil {
		return nil, err
	}
	dscp := masked(netfilter.DSCP, value>>2, mask>>2, o.negate)
	switch {
	case mask&3 == 0 && value&3 == 0:
		return []netfilter.Step{dscp}, nil
	case mask&3 == 0: // the value has a bit that the mask takes away: no packet has it
		return whether(o.negate), nil
	case o.negate:
		return nil, undecidedError("the packet's congestion marks are not known")
	}
	return []netfilter.Step{dscp, netfilter.Undecided{Text: "--tos " + o.args[0], Understood: true,
		Reason: "the packet's congestion marks are not known"}}, nil
}

// whether is a match that every packet passes, or none.
func whether(all bool) []netfilter.Step {
	if all {
		return nil
	}
	return []netfilter.Step{never}
}
