package xtables

import (
	"fmt"
	"strconv"
	"strings"
)

// protocols are the names that iptables has of its own (xtables_chain_protos) and those of IANA's list as systems have
// them in /etc/protocols, from which iptables-save takes the names it prints.
var protocols = map[string]uint8{
	"all": 0, "ip": 0, "icmp": 1, "igmp": 2, "ggp": 3, "ipencap": 4, "ipv4": 4, "st": 5, "tcp": 6, "egp": 8, "igp": 9,
	"pup": 12, "udp": 17, "hmp": 20, "xns-idp": 22, "rdp": 27, "iso-tp4": 29, "dccp": 33, "xtp": 36, "ddp": 37,
	"idpr-cmtp": 38, "ipv6": 41, "ipv6-route": 43, "ipv6-frag": 44, "idrp": 45, "rsvp": 46, "gre": 47,
	"esp": 50, "ipsec-esp": 50, "ah": 51, "ipsec-ah": 51, "skip": 57, "ipv6-icmp": 58, "icmpv6": 58, "icmp6": 58, "ipv6-nonxt": 59,
	"ipv6-opts": 60, "rspf": 73, "vmtp": 81, "eigrp": 88, "ospf": 89, "ospfigp": 89, "ax.25": 93, "ipip": 94, "etherip": 97, "encap": 98,
	"pim": 103, "ipcomp": 108, "vrrp": 112, "l2tp": 115, "isis": 124, "sctp": 132, "fc": 133,
	"ipv6-mh": 135, "mobility-header": 135, "mh": 135, "udplite": 136, "mpls-in-ip": 137, "manet": 138, "hip": 139, "shim6": 140,
	"wesp": 141, "rohc": 142, "ethernet": 143,
}

func protocolNumber(text string) (uint8, error) {
	if n, err := strconv.ParseUint(text, 0, 8); err == nil {
		return uint8(n), nil
	}
	if n, ok := protocols[strings.ToLower(text)]; ok {
		return n, nil
	}
	return 0, fmt.Errorf("%q is no protocol that dockwall knows", shortened(text))
}

// Protocols whose packets have something that rules look at.
const (
	icmp    = 1
	tcp     = 6
	udp     = 17
	dccp    = 33
	icmpv6  = 58
	sctp    = 132
	udpLite = 136
)

// impliedMatch is the match that -p loads by itself, "" where there is none.
func impliedMatch(p protocolTest) string {
	if p.negate {
		return ""
	}
	switch p.number {
	case icmp:
		return "icmp"
	case tcp:
		return "tcp"
	case udp:
		return "udp"
	case dccp:
		return "dccp"
	case icmpv6:
		return "icmp6"
	case sctp:
		return "sctp"
	case udpLite:
		return "udplite"
	}
	return ""
}

// needs tells whether -p asks for one of the protocols, as the kernel demands of rules with a match for them
// (xt_check_match).
func (p protocolTest) needs(numbers ...uint8) error {
	for _, n := range numbers {
		if p.number == n && !p.negate {
			return nil
		}
	}
	return fmt.Errorf("it needs a protocol that the rule does not ask for")
}
