package xtables

import (
	"fmt"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// greatestPort is the last of 16 bits.
const greatestPort = 1<<16 - 1

// notFragment keeps later fragments out: none of the matches that look behind the IP header takes them, negated or not
// (tcp_mt, udp_mt, sctp_mt, multiport_mt, icmp_match).
var notFragment = test(netfilter.Fragment, oneValue(0), false)

// transport is the match of a protocol with ports. A test of ports or flags keeps later fragments out by itself.
func transport(protocol uint8) func(*sentence, []option) ([]netfilter.Step, error) {
	return func(s *sentence, options []option) ([]netfilter.Step, error) {
		if err := s.protocol.needs(protocol); err != nil {
			return nil, err
		}
		var steps []netfilter.Step
		var open error
		for _, o := range options {
			step, err := transportTest(o)
			if _, undecided := err.(undecidedError); undecided {
				open = err
			} else if err != nil {
				return nil, err
			} else {
				steps = append(steps, step)
			}
		}
		if len(steps) == 0 {
			steps = append(steps, notFragment)
		}
		return steps, open
	}
}

func transportTest(o option) (netfilter.Step, error) {
	switch o.name {
	case "--sport", "--source-port":
		return portTest(netfilter.SourcePort, o)
	case "--dport", "--destination-port":
		return portTest(netfilter.DestinationPort, o)
	case "--syn":
		return masked(netfilter.TCPFlags, 2, 1|2|4|16, o.negate), nil
	case "--tcp-flags":
		return flagTest(o)
	}
	return nil, undecidedError("what else is in the packet's header is not known")
}

func portTest(field netfilter.Field, o option) (netfilter.Step, error) {
	values, err := numberRange(o.args[0], ":", greatestPort)
	return test(field, values, o.negate), err
}

var flagBits = map[string]uint64{"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "ALL": 63, "NONE": 0}

// flagTest is --tcp-flags: of the flags in the first list, exactly those of the second are set.
func flagTest(o option) (netfilter.Step, error) {
	mask, err := flagSet(o.args[0])
	if err != nil {
		return nil, err
	}
	value, err := flagSet(o.args[1])
	return masked(netfilter.TCPFlags, value, mask, o.negate), err
}

// flagSet reads "FIN,SYN" or a number, as iptables-nft prints flags that have no name.
func flagSet(text string) (uint64, error) {
	if n, err := number(text, 8); err == nil {
		return n, nil
	}
	return bitsOf(text, flagBits)
}

// bitsOf adds up the bits of names between commas.
func bitsOf(text string, names map[string]uint64) (uint64, error) {
	var bits uint64
	for _, name := range strings.Split(text, ",") {
		bit, ok := names[name]
		if !ok {
			return 0, fmt.Errorf("dockwall does not know %q", shortened(name))
		}
		bits |= bit
	}
	return bits, nil
}

// multiport asks for ports in a list: "80,443,1000:2000". --ports is either of the two.
func multiport(s *sentence, options []option) ([]netfilter.Step, error) {
	if err := s.protocol.needs(tcp, udp, udpLite, sctp, dccp); err != nil {
		return nil, err
	}
	return each(portList)(s, options)
}

func portList(_ *sentence, o option) ([]netfilter.Step, error) {
	var list []netfilter.Range
	for _, text := range strings.Split(o.args[0], ",") {
		values, err := numberRange(text, ":", greatestPort)
		if err != nil {
			return nil, err
		}
		list = append(list, values...)
	}
	values := netfilter.NewRanges(list...)
	source := test(netfilter.SourcePort, values, o.negate)
	destination := test(netfilter.DestinationPort, values, o.negate)
	switch {
	case strings.HasPrefix(o.name, "--s"):
		return []netfilter.Step{source}, nil
	case strings.HasPrefix(o.name, "--d"):
		return []netfilter.Step{destination}, nil
	case o.negate:
		return []netfilter.Step{source, destination}, nil
	}
	return []netfilter.Step{netfilter.Either{Alternatives: [][]netfilter.Match{{source}, {destination}}}}, nil
}
