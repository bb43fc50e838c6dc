// Package pathwitness holds walk against the kernel, rule by rule: generated rules of every tool are loaded into a
// namespace, generated packets are sent through it, and the way that the kernel says each took must be the one that walk
// finds in the rules as the product reads them back.
//
// # How the kernel tells the way
//
// An own table (observer) stands before and behind everything: its first chains, at priority -500 of prerouting and
// output, say `meta nftrace set 1`, which sets skb->nf_trace. From then on
//
//   - every nf_tables chain, of nft and of iptables-nft, sends a message for each rule that matched, each end of a
//     user's chain and each policy, to the netlink group NFNLGRP_NFTRACE (net/netfilter/nf_tables_trace.c). Rules are
//     named by handle. The first message of a base chain has the packet's headers;
//   - every iptables-legacy chain does the same by nf_log_trace (net/ipv4/netfilter/ip_tables.c, trace_packet): with the
//     prefix "TRACE: table:chain:rule|return|policy:number". `-j TRACE` does no more than to set nf_trace, so that none
//     is needed. The messages go to the logger of net.netfilter.nf_log.2 and .10, settings which each network namespace
//     has for itself (nfnetlink_log; "nf_log_syslog" writes nothing outside of the first namespace), there to group 0.
//
// One socket hears both, so that its queue has them in the order in which they happened. The last chains, at priority
// 1000 of input and postrouting, show who came through, and with which header. What a host answers by itself (RST, ICMP
// errors, echo replies) is seen in the observer's output chain and dropped there.
//
// # How packets are told apart
//
// By the identification in the IPv4 header, or the flow label of IPv6: no rule looks at them, no NAT changes them, and
// every first message of a chain has them.
//
// # What makes it reliable
//
// All packets are sent by a thread on one processor, which the kernel works on in order; a marker on each link ends
// them, and the messages are read until the markers' have come. A lost message is known (ENOBUFS, a gap in the numbers
// of NFLOG), and the batch is sent again.
package pathwitness
