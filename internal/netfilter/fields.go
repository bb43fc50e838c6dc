package netfilter

// Field is something of a packet that a rule can look at. Numbers are as the kernel compares them; addresses are their
// bits, IPv4 in the low 32.
type Field uint8

// The fields, with how many bits they have and where they are missing.
const (
	NoField Field = iota

	InInterface  // by name, "" where the packet did not arrive; never missing
	OutInterface // by name, "" before routing; never missing
	PhysicalIn   // the bridge's port by name (physdev), "" where bridge-nf did not make the hook run
	PhysicalOut

	NetworkFamily      // 8: 2 IPv4, 10 IPv6 (NFPROTO_*)
	Protocol           // 8: the layer-4 protocol; IPv6 extension headers skipped
	SourceAddress      // 32 or 128; missing in rules of the other family
	DestinationAddress // the same, after DNAT as the kernel has it at that point
	SourcePort         // 16: of tcp, udp, udplite, sctp, dccp; missing for others and for later fragments
	DestinationPort
	ICMPType // 8: of ICMP or ICMPv6; missing for others and for later fragments
	ICMPCode
	TCPFlags        // 8: fin 1, syn 2, rst 4, psh 8, ack 16, urg 32, ece 64, cwr 128; missing for others and for later fragments
	Fragment        // 1: 1 for a later fragment (the first has the ports)
	Length          // 16: of the IP packet
	TTL             // 8: or the hop limit
	DSCP            // 6
	PacketType      // 8: 0 host, 1 broadcast, 2 multicast, 3 other host; a looped back packet (5) is shown to rules as 1 or 2
	SourceMAC       // 48; missing where the packet did not arrive over Ethernet
	OwnerUser       // 32; missing where the packet has no socket (it was not made by this host)
	OwnerGroup      // 32
	Mark            // 32: of the packet; 0 at first; never missing
	ConntrackMark   // 32; 0 for a new conversation; missing without a conntrack entry
	ConntrackState  // a bit: 1 invalid, 2 established, 4 related, 8 new, 64 untracked; never missing: invalid before conntrack and without an entry
	ConntrackStatus // bits IPS_*: 1 expected, 2 seen reply, 4 assured, 8 confirmed, 16 source NAT, 32 destination NAT; missing without a conntrack entry

	ConntrackDirection  // 0 original, 1 reply; missing without a conntrack entry, like all below
	ConntrackFamily     // 8: as NetworkFamily
	ConntrackProtocol   // 8
	OriginalSource      // 32 or 128: who began, as the first packet had it before any NAT
	OriginalDestination // what was dialled
	OriginalSourcePort  // 16; for ICMP echoes the id
	OriginalDestinationPort
	ReplySource // who answers, after DNAT
	ReplyDestination
	ReplySourcePort
	ReplyDestinationPort

	SourceType      // 8: RTN_* of the source address: 1 unicast, 2 local, 3 broadcast, 4 anycast, 5 multicast, 6 blackhole, 7 unreachable, 8 prohibit
	DestinationType // 8: of the destination address
	SourceTypeIn    // the same, asked only of the incoming interface (limit-iface-in, fib saddr . iif type)
	SourceTypeOut   // only of the outgoing interface
	DestinationTypeIn
	DestinationTypeOut
	ReversePath // 1: a route back to the source leaves by the incoming interface (rpfilter, fib saddr . iif oif exists); 0: none

	fieldCount
)

// Bits of ConntrackState, as nftables numbers them (NF_CT_STATE_BIT).
const (
	StateInvalid     = 1
	StateEstablished = 2
	StateRelated     = 4
	StateNew         = 8
	StateUntracked   = 64
)

// Bits of ConntrackStatus (include/uapi/linux/netfilter/nf_conntrack_common.h).
const (
	StatusExpected       = 1
	StatusSeenReply      = 2
	StatusAssured        = 4
	StatusConfirmed      = 8
	StatusSourceNAT      = 16
	StatusDestinationNAT = 32
)

var fieldNames = [fieldCount]string{
	"none", "incoming interface", "outgoing interface", "incoming bridge port", "outgoing bridge port",
	"family", "protocol", "source address", "destination address", "source port", "destination port",
	"icmp type", "icmp code", "tcp flags", "fragment", "length", "ttl", "dscp", "packet type", "source mac",
	"user", "group", "mark", "conntrack mark", "conntrack state", "conntrack status", "conntrack direction",
	"conntrack family", "conntrack protocol", "original source", "original destination", "original source port",
	"original destination port", "reply source", "reply destination", "reply source port", "reply destination port",
	"source type", "destination type", "source type in", "source type out", "destination type in",
	"destination type out", "reverse path",
}

func (f Field) String() string { return fieldNames[f] }
