package nft

// Names that nft writes for numbers, from its tables (src/datatype.c, src/proto.c, src/ct.c, src/fib.c, src/meta.c).

// protocols: nft takes most names from /etc/protocols of the host it runs on; these are Debian's.
var protocols = map[string]uint64{
	"ip": 0, "icmp": 1, "igmp": 2, "ggp": 3, "ipencap": 4, "st": 5, "tcp": 6, "egp": 8, "igp": 9, "pup": 12, "udp": 17,
	"hmp": 20, "xns-idp": 22, "rdp": 27, "iso-tp4": 29, "dccp": 33, "xtp": 36, "ddp": 37, "idpr-cmtp": 38, "ipv6": 41,
	"ipv6-route": 43, "ipv6-frag": 44, "idrp": 45, "rsvp": 46, "gre": 47, "esp": 50, "ah": 51, "skip": 57,
	"ipv6-icmp": 58, "icmpv6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60, "rspf": 73, "vmtp": 81, "eigrp": 88, "ospf": 89,
	"ospfigp": 89, "ax.25": 93, "ipip": 94, "etherip": 97, "encap": 98, "pim": 103, "ipcomp": 108, "comp": 108,
	"vrrp": 112, "l2tp": 115, "isis": 124, "sctp": 132, "fc": 133, "mobility-header": 135, "udplite": 136,
	"mpls-in-ip": 137, "manet": 138, "hip": 139, "shim6": 140, "wesp": 141, "rohc": 142, "ethernet": 143,
}

var ctStates = map[string]uint64{"invalid": 1, "established": 2, "related": 4, "new": 8, "untracked": 64}

var ctStatuses = map[string]uint64{
	"expected": 1, "seen-reply": 2, "assured": 4, "confirmed": 8, "snat": 16, "dnat": 32, "seq-adjust": 64,
	"snat-done": 128, "dnat-done": 256, "dying": 512, "fixed-timeout": 1024, "template": 2048, "nat-clash": 4096,
	"helper": 8192, "offload": 16384, "hw-offload": 32768,
}

var icmpTypes = map[string]uint64{
	"echo-reply": 0, "destination-unreachable": 3, "source-quench": 4, "redirect": 5, "echo-request": 8,
	"router-advertisement": 9, "router-solicitation": 10, "time-exceeded": 11, "parameter-problem": 12,
	"timestamp-request": 13, "timestamp-reply": 14, "info-request": 15, "info-reply": 16, "address-mask-request": 17,
	"address-mask-reply": 18,
}

var icmpCodes = map[string]uint64{
	"net-unreachable": 0, "host-unreachable": 1, "prot-unreachable": 2, "port-unreachable": 3, "frag-needed": 4,
	"net-prohibited": 9, "host-prohibited": 10, "admin-prohibited": 13,
}

var icmpv6Types = map[string]uint64{
	"destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4, "echo-request": 128,
	"echo-reply": 129, "mld-listener-query": 130, "mld-listener-report": 131, "mld-listener-done": 132,
	"mld-listener-reduction": 132, "nd-router-solicit": 133, "nd-router-advert": 134, "nd-neighbor-solicit": 135,
	"nd-neighbor-advert": 136, "nd-redirect": 137, "router-renumbering": 138, "ind-neighbor-solicit": 141,
	"ind-neighbor-advert": 142, "mld2-listener-report": 143,
}

var icmpv6Codes = map[string]uint64{
	"no-route": 0, "admin-prohibited": 1, "addr-unreachable": 3, "port-unreachable": 4, "policy-fail": 5,
	"reject-route": 6,
}

var tcpFlags = map[string]uint64{
	"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128,
}

var dscps = map[string]uint64{
	"cs0": 0, "cs1": 8, "cs2": 16, "cs3": 24, "cs4": 32, "cs5": 40, "cs6": 48, "cs7": 56, "df": 0, "be": 0, "lephb": 1,
	"af11": 10, "af12": 12, "af13": 14, "af21": 18, "af22": 20, "af23": 22, "af31": 26, "af32": 28, "af33": 30,
	"af41": 34, "af42": 36, "af43": 38, "va": 44, "ef": 46,
}

// addressTypes are RTN_* (include/uapi/linux/rtnetlink.h).
var addressTypes = map[string]uint64{
	"unspec": 0, "unicast": 1, "local": 2, "broadcast": 3, "anycast": 4, "multicast": 5, "blackhole": 6,
	"unreachable": 7, "prohibit": 8, "throw": 9, "nat": 10, "xresolve": 11,
}

// packetTypes are PACKET_* (include/uapi/linux/if_packet.h).
var packetTypes = map[string]uint64{
	"host": 0, "unicast": 0, "broadcast": 1, "multicast": 2, "other": 3, "outgoing": 4, "loopback": 5,
}

var etherTypes = map[string]uint64{
	"ip": 0x0800, "arp": 0x0806, "8021q": 0x8100, "vlan": 0x8100, "8021ad": 0x88a8, "ip6": 0x86dd,
}
