package nft

import (
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

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
