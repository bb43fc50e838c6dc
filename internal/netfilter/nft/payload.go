package nft

import (
	"fmt"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// header is what the kernel tests before it reads a protocol's header.
var headers = map[string]needs{
	"ip":      {family: 2, protocol: -1},
	"ip6":     {family: 10, protocol: -1},
	"tcp":     {protocol: 6},
	"udp":     {protocol: 17},
	"udplite": {protocol: 136},
	"sctp":    {protocol: 132},
	"dccp":    {protocol: 33},
	"icmp":    {family: 2, protocol: 1},
	"icmpv6":  {family: 10, protocol: 58},
	"igmp":    {family: 2, protocol: 2},
	"esp":     {protocol: 50},
	"ah":      {protocol: 51},
	"comp":    {protocol: 108},
	"gre":     {protocol: 47},
	"th":      {protocol: -1, ports: true},
}

// payloadKey is a field of a header.
type payloadKey struct{ protocol, field string }

// payloadField is what the model has for it.
type payloadField struct {
	kind  string
	field netfilter.Field
}

// payloads are the fields that have a type of their own; the others are numbers. An IPv6 packet of the model has no
// extension headers, so that the next header is the protocol.
var payloads = map[payloadKey]payloadField{
	{"ip", "saddr"}:     {"ipv4_addr", netfilter.SourceAddress},
	{"ip", "daddr"}:     {"ipv4_addr", netfilter.DestinationAddress},
	{"ip", "protocol"}:  {"inet_proto", netfilter.Protocol},
	{"ip", "ttl"}:       {"byte", netfilter.TTL},
	{"ip", "dscp"}:      {"dscp", netfilter.DSCP},
	{"ip", "ecn"}:       {"ecn", netfilter.NoField},
	{"ip", "length"}:    {"inet_service", netfilter.Length},
	{"ip6", "saddr"}:    {"ipv6_addr", netfilter.SourceAddress},
	{"ip6", "daddr"}:    {"ipv6_addr", netfilter.DestinationAddress},
	{"ip6", "nexthdr"}:  {"inet_proto", netfilter.Protocol},
	{"ip6", "hoplimit"}: {"byte", netfilter.TTL},
	{"ip6", "dscp"}:     {"dscp", netfilter.DSCP},
	{"ip6", "ecn"}:      {"ecn", netfilter.NoField},
	{"ip6", "length"}:   {"inet_service", netfilter.Length},
	{"tcp", "flags"}:    {"tcp_flag", netfilter.TCPFlags},
	{"icmp", "type"}:    {"icmp_type", netfilter.ICMPType},
	{"icmp", "code"}:    {"icmp_code", netfilter.ICMPCode},
	{"icmpv6", "type"}:  {"icmpv6_type", netfilter.ICMPType},
	{"icmpv6", "code"}:  {"icmpv6_code", netfilter.ICMPCode},
	{"ether", "saddr"}:  {"ether_addr", netfilter.SourceMAC},
	{"ether", "daddr"}:  {"ether_addr", netfilter.NoField},
	{"ether", "type"}:   {"ether_type", netfilter.NoField},
	{"vlan", "type"}:    {"ether_type", netfilter.NoField},
	{"arp", "saddr ip"}: {"ipv4_addr", netfilter.NoField},
	{"arp", "daddr ip"}: {"ipv4_addr", netfilter.NoField},
}

// ip6Header is the length that `ip6 length` does not count.
const ip6Header = 40

// payload reads a header's field, or raw bytes.
func (r *ruleReader) payload(v value) operand {
	if v.has("base") {
		text := fmt.Sprintf("@%s,%s,%s", v.get("base").text, v.get("offset").text, v.get("len").text)
		return unknown(text, datatypes["hex"], false)
	}
	key := payloadKey{v.get("protocol").text, v.get("field").text}
	name := key.protocol + " " + key.field
	need, known := headers[key.protocol]
	if !known {
		need = needs{protocol: -1}
	}
	p, typed := payloads[key]
	kind := datatypes[p.kind]
	switch {
	case !typed && known && key.field == "sport":
		kind, p.field = datatypes["inet_service"], netfilter.SourcePort
	case !typed && known && key.field == "dport":
		kind, p.field = datatypes["inet_service"], netfilter.DestinationPort
	case p.kind == "byte":
		kind = octet
	case !typed:
		kind = datatypes["integer"]
	}
	if p.field == netfilter.NoField {
		o := unknown(name, kind, false)
		o.needs = need
		o.needs.ports = false
		return o
	}
	o := reading(name, kind, p.field)
	o.needs = need
	if key == (payloadKey{"ip6", "length"}) {
		o.plus = ip6Header
	}
	return o
}

var octet = &datatype{bits: 8}
