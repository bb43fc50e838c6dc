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
