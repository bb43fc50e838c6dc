package netfilter

// icmpx are nft's answers for either family as each has them (net/netfilter/nft_reject_inet.c).
var icmpx = map[string][2]string{
	"icmpx-no-route":         {"icmp-net-unreachable", "icmp6-no-route"},
	"icmpx-port-unreachable": {"icmp-port-unreachable", "icmp6-port-unreachable"},
	"icmpx-host-unreachable": {"icmp-host-unreachable", "icmp6-addr-unreachable"},
	"icmpx-admin-prohibited": {"icmp-admin-prohibited", "icmp6-adm-prohibited"},
}

// RejectedWith is a Verdict's With as packets of a family meet it: what nft has for either family is of theirs.
func RejectedWith(with string, f Family) string {
	either, is := icmpx[with]
	switch {
	case is && f == IPv4:
		return either[0]
	case is:
		return either[1]
	}
	return with
}
