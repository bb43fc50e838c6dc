package xtables

import (
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// anyType is how iptables writes every type of ICMP for IPv4.
const anyType = 255

// icmpNames are type and code of libipt_icmp's names; a name without a code is a number alone.
var icmpNames = map[string]string{
	"any": "255", "echo-reply": "0", "pong": "0", "destination-unreachable": "3", "network-unreachable": "3/0",
	"host-unreachable": "3/1", "protocol-unreachable": "3/2", "port-unreachable": "3/3", "fragmentation-needed": "3/4",
	"source-route-failed": "3/5", "network-unknown": "3/6", "host-unknown": "3/7", "network-prohibited": "3/9",
	"host-prohibited": "3/10", "TOS-network-unreachable": "3/11", "TOS-host-unreachable": "3/12",
	"communication-prohibited": "3/13", "host-precedence-violation": "3/14", "precedence-cutoff": "3/15",
	"source-quench": "4", "redirect": "5", "network-redirect": "5/0", "host-redirect": "5/1", "TOS-network-redirect": "5/2",
	"TOS-host-redirect": "5/3", "echo-request": "8", "ping": "8", "router-advertisement": "9", "router-solicitation": "10",
	"time-exceeded": "11", "ttl-exceeded": "11", "ttl-zero-during-transit": "11/0", "ttl-zero-during-reassembly": "11/1",
	"parameter-problem": "12", "ip-header-bad": "12/0", "required-option-missing": "12/1", "timestamp-request": "13",
	"timestamp-reply": "14", "address-mask-request": "17", "address-mask-reply": "18",
}

// icmpv6Names are those of libip6t_icmp6.
var icmpv6Names = map[string]string{
	"destination-unreachable": "1", "no-route": "1/0", "communication-prohibited": "1/1", "beyond-scope": "1/2",
	"address-unreachable": "1/3", "port-unreachable": "1/4", "failed-policy": "1/5", "reject-route": "1/6",
	"packet-too-big": "2", "time-exceeded": "3", "ttl-exceeded": "3", "ttl-zero-during-transit": "3/0",
	"ttl-zero-during-reassembly": "3/1", "parameter-problem": "4", "bad-header": "4/0", "unknown-header-type": "4/1",
	"unknown-option": "4/2", "echo-request": "128", "ping": "128", "echo-reply": "129", "pong": "129",
	"mld-listener-query": "130", "mld-listener-report": "131", "mld-listener-done": "132", "router-solicitation": "133",
	"router-advertisement": "134", "neighbour-solicitation": "135", "neighbor-solicitation": "135",
	"neighbour-advertisement": "136", "neighbor-advertisement": "136", "redirect": "137",
}

// icmpTypes is the match of ICMP messages; without an option it takes all of them but later fragments.
func icmpTypes(protocol uint8, names map[string]string) func(*sentence, []option) ([]netfilter.Step, error) {
	return func(s *sentence, options []option) ([]netfilter.Step, error) {
		if err := s.protocol.needs(protocol); err != nil {
			return nil, err
		}
		steps := []netfilter.Step{}
		for _, o := range options {
			more, err := icmpType(o, protocol, names)
			if err != nil {
				return nil, err
			}
			steps = append(steps, more...)
		}
		if len(steps) == 0 {
			steps = append(steps, notFragment)
		}
		return steps, nil
	}
}

// icmpType reads "8", "3/4" or a name.
func icmpType(o option, protocol uint8, names map[string]string) ([]netfilter.Step, error) {
	text := o.args[0]
	if known, ok := names[text]; ok {
		text = known
	}
	typeText, codeText, hasCode := strings.Cut(text, "/")
	kind, err := number(typeText, 8)
	if err != nil {
		return nil, err
	}
	if protocol == icmp && kind == anyType && !o.negate {
		return []netfilter.Step{notFragment}, nil
	}
	if protocol == icmp && kind == anyType {
		return []netfilter.Step{never}, nil
	}
	if !hasCode {
		return []netfilter.Step{test(netfilter.ICMPType, oneValue(kind), o.negate)}, nil
	}
	code, err := number(codeText, 8)
	if err != nil {
		return nil, err
	}
	typeTest, codeTest := test(netfilter.ICMPType, oneValue(kind), false), test(netfilter.ICMPCode, oneValue(code), false)
	if o.negate {
		return []netfilter.Step{notFragment, not(typeTest, codeTest)}, nil
	}
	return []netfilter.Step{typeTest, codeTest}, nil
}
