package nft

import (
	"fmt"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// operand is what a statement reads from a packet: `ip saddr`, `meta mark & 0xff`.
type operand struct {
	text  string // in nft's syntax
	kind  *datatype
	field netfilter.Field // NoField: the model has none, see why
	mask  netfilter.Number
	plus  uint64 // what the field has more than the operand: ip6 length lacks the header's 40 bytes
	needs needs
	// why it is not decided, where field is NoField; hidden tells that it is understood but that no snapshot has it.
	why    string
	hidden bool
}

// needs is what the kernel tests before it reads an operand, and nft's listing leaves out.
type needs struct {
	family    uint8 // NFPROTO_*; 0: either
	protocol  int   // -1: any
	conntrack uint8 // the family of the conntrack entry; 0: either
	ports     bool  // the first bytes of any transport header are taken for ports
}

func (o operand) isInterface() bool { return o.kind.format == ifname && o.field != netfilter.NoField }

func (o operand) use() netfilter.FieldUse { return netfilter.FieldUse{Field: o.field, Mask: o.mask} }

func reading(text string, kind *datatype, field netfilter.Field) operand {
	return operand{text: text, kind: kind, field: field, mask: netfilter.AllOnes, needs: needs{protocol: -1}}
}

// unknown is an operand that the model has no field for.
func unknown(text string, kind *datatype, hidden bool) operand {
	o := reading(text, kind, netfilter.NoField)
	o.why, o.hidden = "dockwall does not know "+text, hidden
	if hidden {
		o.why = text + " is not known beforehand"
	}
	return o
}

// operand reads one expression. Whatever it is, the answer has a text.
func (r *ruleReader) operand(v value) operand {
	kind, inner := v.only()
	switch kind {
	case "payload":
		return r.payload(inner)
	case "meta":
		return meta(inner.get("key").text)
	case "ct":
		return conntrack(inner, r.table.Family)
	case "fib":
		return fib(inner)
	case "&", "|", "^", "<<", ">>":
		return r.bitwise(kind, inner.items())
	}
	return other(r, kind, inner)
}

// bitwise is an operand with a mask; other operations are not in the model.
func (r *ruleReader) bitwise(op string, sides []value) operand {
	if len(sides) != 2 {
		return unknown(op, datatypes["hex"], false)
	}
	o := r.operand(sides[0])
	mask, ok := o.kind.number(sides[1])
	text := fmt.Sprintf("%s %s %s", o.text, op, o.mask2text(sides[1]))
	switch {
	case o.text == "ip frag-off" && op == "&" && mask == netfilter.Small(0x1fff):
		o.text, o.kind, o.field = text, laterFragment, netfilter.Fragment
	case op != "&" || o.field == netfilter.NoField || !ok || o.plus != 0:
		need := o.needs
		o = unknown(text, o.kind, o.hidden)
		o.needs = need
		o.needs.ports = false
	default:
		o.text, o.mask = text, o.mask.And(mask)
	}
	return o
}

// laterFragment is a fragment's offset, of which only is known whether it is zero.
var laterFragment = &datatype{bits: 1}

func (o operand) mask2text(v value) string {
	if v.kind != array {
		return o.kind.write(v)
	}
	var names []string
	for _, flag := range v.list {
		names = append(names, o.kind.write(flag))
	}
	return "(" + strings.Join(names, " | ") + ")"
}

var metaKeys = map[string]operand{
	"iifname":  reading("iifname", datatypes["ifname"], netfilter.InInterface),
	"oifname":  reading("oifname", datatypes["ifname"], netfilter.OutInterface),
	"iif":      reading("iif", datatypes["iface_index"], netfilter.InInterface),
	"oif":      reading("oif", datatypes["iface_index"], netfilter.OutInterface),
	"mark":     reading("meta mark", datatypes["mark"], netfilter.Mark),
	"l4proto":  reading("meta l4proto", datatypes["inet_proto"], netfilter.Protocol),
	"nfproto":  reading("meta nfproto", datatypes["nf_proto"], netfilter.NetworkFamily),
	"protocol": reading("meta protocol", networkProtocol, netfilter.NetworkFamily),
	"length":   reading("meta length", &datatype{bits: 32}, netfilter.Length),
	"pkttype":  reading("meta pkttype", datatypes["pkt_type"], netfilter.PacketType),
	"skuid":    reading("meta skuid", datatypes["uid"], netfilter.OwnerUser),
	"skgid":    reading("meta skgid", datatypes["gid"], netfilter.OwnerGroup),
	"iifgroup": unknown("iifgroup", datatypes["string"], true),
	"oifgroup": unknown("oifgroup", datatypes["string"], true),
	"iifkind":  unknown("meta iifkind", datatypes["string"], false),
	"oifkind":  unknown("meta oifkind", datatypes["string"], false),
	"iiftype":  unknown("meta iiftype", datatypes["symbol"], false),
	"oiftype":  unknown("meta oiftype", datatypes["symbol"], false),
	"ibrname":  unknown("meta ibrname", datatypes["string"], false),
	"obrname":  unknown("meta obrname", datatypes["string"], false),
	"sdifname": unknown("meta sdifname", datatypes["string"], false),
	"time":     unknown("meta time", datatypes["string"], true),
	"day":      unknown("meta day", datatypes["string"], true),
	"hour":     unknown("meta hour", datatypes["string"], true),
	"random":   unknown("meta random", datatypes["integer"], true),
	"cpu":      unknown("meta cpu", datatypes["integer"], true),
}

// networkProtocol is an EtherType as the IP hooks see it: only two of them can be there, as families.
var networkProtocol = &datatype{bits: 8, format: bare, names: map[string]uint64{
	"ip": 2, "ip6": 10, "arp": 0, "8021q": 0, "vlan": 0, "8021ad": 0,
}}

func meta(key string) operand {
	if o, known := metaKeys[key]; known {
		return o
	}
	return unknown("meta "+key, datatypes["symbol"], false)
}

var ctKeys = map[string]operand{
	"state":      reading("state", datatypes["ct_state"], netfilter.ConntrackState),
	"status":     reading("status", datatypes["ct_status"], netfilter.ConntrackStatus),
	"direction":  reading("direction", datatypes["ct_dir"], netfilter.ConntrackDirection),
	"mark":       reading("mark", datatypes["mark"], netfilter.ConntrackMark),
	"protocol":   reading("protocol", datatypes["inet_proto"], netfilter.ConntrackProtocol),
	"l3proto":    reading("l3proto", datatypes["nf_proto"], netfilter.ConntrackFamily),
	"expiration": unknown("expiration", datatypes["time"], true),
	"helper":     unknown("helper", datatypes["string"], true),
	"label":      unknown("label", datatypes["symbol"], true),
	"bytes":      unknown("bytes", datatypes["integer"], true),
	"packets":    unknown("packets", datatypes["integer"], true),
	"avgpkt":     unknown("avgpkt", datatypes["integer"], true),
	"id":         unknown("id", datatypes["symbol"], true),
	"zone":       unknown("zone", datatypes["integer"], false),
}

// tuple is the fields of conntrack's two directions: original and reply.
var tuple = map[string][2]netfilter.Field{
	"saddr":     {netfilter.OriginalSource, netfilter.ReplySource},
	"daddr":     {netfilter.OriginalDestination, netfilter.ReplyDestination},
	"proto-src": {netfilter.OriginalSourcePort, netfilter.ReplySourcePort},
	"proto-dst": {netfilter.OriginalDestinationPort, netfilter.ReplyDestinationPort},
}

// conntrack reads `ct KEY` and `ct original KEY`; addresses are "ip saddr" or "ip6 saddr", in an IP family's own table
// also "saddr".
func conntrack(v value, table netfilter.Family) operand {
	key, direction := v.get("key").text, v.get("dir").text
	o, known := ctKeys[key]
	if !known {
		o = tupleOperand(key, direction, table)
	}
	prefix := "ct "
	if direction != "" {
		prefix += direction + " "
	}
	o.text = prefix + o.text
	if o.field == netfilter.NoField {
		return unknown(o.text, o.kind, o.hidden)
	}
	return o
}

func tupleOperand(key, direction string, table netfilter.Family) operand {
	family, part, two := strings.Cut(key, " ")
	if !two {
		family, part = "", key
	}
	fields, known := tuple[part]
	if !known || direction != "original" && direction != "reply" {
		return unknown(key, datatypes["symbol"], false)
	}
	field := fields[0]
	if direction == "reply" {
		field = fields[1]
	}
	if strings.HasPrefix(part, "proto-") {
		return reading(key, datatypes["inet_service"], field)
	}
	if family == "" {
		family = table.String()
	}
	return addressOf(family, part, field)
}

func addressOf(family, part string, field netfilter.Field) operand {
	switch family {
	case "ip":
		o := reading("ip "+part, datatypes["ipv4_addr"], field)
		o.needs.conntrack = 2
		return o
	case "ip6":
		o := reading("ip6 "+part, datatypes["ipv6_addr"], field)
		o.needs.conntrack = 10
		return o
	}
	return unknown(part, datatypes["symbol"], false)
}

// fibFields are what a lookup in the routing tables gives, by its result and flags. A mark among the flags chooses other
// tables only where rules of `ip rule` ask for it, and the local table, which says most types, stands before these.
var fibFields = map[string]netfilter.Field{
	"type saddr":      netfilter.SourceType,
	"type daddr":      netfilter.DestinationType,
	"type saddr iif":  netfilter.SourceTypeIn,
	"type daddr iif":  netfilter.DestinationTypeIn,
	"type saddr oif":  netfilter.SourceTypeOut,
	"type daddr oif":  netfilter.DestinationTypeOut,
	"oif saddr iif":   netfilter.ReversePath,
	"check saddr iif": netfilter.ReversePath,
}

func fib(v value) operand {
	var flags, asked []string
	for _, flag := range v.get("flags").items() {
		flags = append(flags, flag.text)
		if flag.text != "mark" {
			asked = append(asked, flag.text)
		}
	}
	result := v.get("result").text
	text := "fib " + strings.Join(flags, " . ") + " " + result
	kind := datatypes["fib_addrtype"]
	switch result {
	case "oif", "check":
		kind = reversePath
	case "oifname":
		kind = datatypes["string"]
	}
	field := fibFields[result+" "+strings.Join(asked, " ")]
	if field == netfilter.NoField {
		return unknown(text, kind, false)
	}
	return reading(text, kind, field)
}

// reversePath is an outgoing interface that is asked only whether it is there: "0" and missing say no. An interface by
// name is not understood.
var reversePath = &datatype{bits: 1, format: bare, names: map[string]uint64{"0": 0}}
