package nft

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// datatype is how nft writes the values of one kind: as numbers, by name, as addresses (nft(8), "DATA TYPES").
type datatype struct {
	bits   int
	names  map[string]uint64
	format format
}

type format uint8

const (
	decimal   format = iota
	wideHex          // 0x0000002a: marks
	shortHex         // 0x2a: numbers without a name where others have one, raw payload
	address          // IPv4 and IPv6
	hardware         // 00:11:22:33:44:55
	ifname           // "eth0", "veth*"
	quoted           // any other word in quotation marks
	bare             // a word without
	durations        // seconds, written as 1h5m
)

// datatypes by the names that nft gives them, in the "type" of sets.
var datatypes = map[string]*datatype{
	"ipv4_addr":    {bits: 32, format: address},
	"ipv6_addr":    {bits: 128, format: address},
	"ether_addr":   {bits: 48, format: hardware},
	"inet_service": {bits: 16},
	"inet_proto":   {bits: 8, names: protocols},
	"nf_proto":     {bits: 8, names: map[string]uint64{"ipv4": 2, "ipv6": 10}},
	"mark":         {bits: 32, format: wideHex},
	"ifname":       {format: ifname},
	"iface_index":  {format: ifname},
	"ct_state":     {bits: 32, names: ctStates, format: shortHex},
	"ct_status":    {bits: 32, names: ctStatuses, format: shortHex},
	"ct_dir":       {bits: 8, names: map[string]uint64{"original": 0, "reply": 1}},
	"icmp_type":    {bits: 8, names: icmpTypes},
	"icmp_code":    {bits: 8, names: icmpCodes},
	"icmpv6_type":  {bits: 8, names: icmpv6Types},
	"icmpv6_code":  {bits: 8, names: icmpv6Codes},
	"tcp_flag":     {bits: 8, names: tcpFlags, format: shortHex},
	"dscp":         {bits: 6, names: dscps, format: shortHex},
	"ecn":          {bits: 2, names: map[string]uint64{"not-ect": 0, "ect1": 1, "ect0": 2, "ce": 3}},
	"fib_addrtype": {bits: 32, names: addressTypes},
	"pkt_type":     {bits: 8, names: packetTypes},
	"uid":          {bits: 32},
	"gid":          {bits: 32},
	"ether_type":   {bits: 16, names: etherTypes, format: shortHex},
	"time":         {bits: 64, format: durations},
	"integer":      {bits: 64},
	"string":       {format: quoted},
	"symbol":       {format: bare},
	"hex":          {bits: 64, format: shortHex},
}

// max is the greatest number of a type.
func (d *datatype) max() netfilter.Number {
	if d.bits >= 128 {
		return netfilter.AllOnes
	}
	return netfilter.Small(1<<d.bits - 1)
}

// number reads one value: a name, a number, an address, a sum of bits.
func (d *datatype) number(v value) (netfilter.Number, bool) {
	switch v.kind {
	case number:
		n, err := strconv.ParseUint(v.text, 10, 64)
		return netfilter.Small(n), err == nil && netfilter.Small(n).Compare(d.max()) <= 0 && (n == 0 || d != laterFragment)
	case jsonText:
		return d.word(v.text)
	case boolean: // exists or missing
		return netfilter.Small(map[string]uint64{"true": 1}[v.text]), d == reversePath
	case array:
		return d.sum(v.list)
	case object:
		if op, parts := v.only(); op == "|" {
			return d.sum(parts.items())
		}
	}
	return netfilter.Number{}, false
}

// sum is the bits of several values together.
func (d *datatype) sum(list []value) (sum netfilter.Number, ok bool) {
	for _, v := range list {
		n, ok := d.number(v)
		if !ok {
			return sum, false
		}
		sum = sum.Or(n)
	}
	return sum, len(list) > 0
}

func (d *datatype) word(w string) (netfilter.Number, bool) {
	if n, ok := d.names[w]; ok {
		return netfilter.Small(n), true
	}
	switch d.format {
	case address:
		a, err := netip.ParseAddr(w)
		return netfilter.OfAddress(a.WithZone("")), err == nil && a.BitLen() == d.bits
	case hardware:
		return hardwareAddress(w)
	case ifname, quoted, bare:
		return netfilter.Number{}, false
	}
	// nft 1.0.6 writes "0x50 [invalid type]" where it does not know a key's type: ports of ct original.
	w, _, _ = strings.Cut(w, " ")
	n, err := strconv.ParseUint(w, 0, 64)
	return netfilter.Small(n), err == nil && netfilter.Small(n).Compare(d.max()) <= 0
}

func hardwareAddress(w string) (netfilter.Number, bool) {
	parts := strings.Split(w, ":")
	var n uint64
	for _, p := range parts {
		b, err := strconv.ParseUint(p, 16, 8)
		if err != nil {
			return netfilter.Number{}, false
		}
		n = n<<8 | b
	}
	return netfilter.Small(n), len(parts) == 6
}

// ranges reads the right side of a match, or one field of an element: one value, a prefix, a range, "*" for all.
func (d *datatype) ranges(v value) (netfilter.Ranges, bool) {
	if v.kind == jsonText && v.text == "*" {
		return netfilter.Between(netfilter.Number{}, d.max()), true
	}
	if v.kind == object {
		switch kind, inner := v.only(); kind {
		case "prefix":
			return d.prefix(inner)
		case "range":
			return d.between(inner.items())
		}
	}
	n, ok := d.number(v)
	return netfilter.One(n), ok
}

// prefix reads an address and its length; marks and ports can have one too, where nft finds that a mask is one.
func (d *datatype) prefix(v value) (netfilter.Ranges, bool) {
	first, ok := d.number(v.get("addr"))
	length := int(v.get("len").uint())
	if !ok || length > d.bits {
		return nil, false
	}
	host := ones(d.bits - length)
	first = first.And(host.Not())
	return netfilter.Between(first, first.Or(host)), true
}

func ones(bits int) netfilter.Number {
	if bits >= 64 {
		return netfilter.Number{High: 1<<(bits-64) - 1, Low: ^uint64(0)}
	}
	return netfilter.Small(1<<bits - 1)
}

func (d *datatype) between(ends []value) (netfilter.Ranges, bool) {
	if len(ends) != 2 {
		return nil, false
	}
	first, ok1 := d.number(ends[0])
	last, ok2 := d.number(ends[1])
	return netfilter.Between(first, last), ok1 && ok2
}

// interfaceName reads "eth0", or "veth*" as the beginning of names. An asterisk of the name itself is written `\*`.
func interfaceName(v value) (netfilter.InterfaceName, bool) {
	if v.kind != jsonText || v.text == "" {
		return netfilter.InterfaceName{}, false
	}
	if name, literal := strings.CutSuffix(v.text, `\*`); literal {
		return netfilter.InterfaceName{Name: name + "*"}, true
	}
	name, prefix := strings.CutSuffix(v.text, "*")
	return netfilter.InterfaceName{Name: strings.Clone(name), Prefix: prefix}, true
}
