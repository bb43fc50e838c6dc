package nft

import (
	"net/netip"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

var natKinds = map[string]netfilter.NATKind{
	"snat": netfilter.SNAT, "dnat": netfilter.DNAT, "masquerade": netfilter.Masquerade, "redirect": netfilter.Redirect,
}

// nat reads {"family", "addr", "port", "flags", "type_flags"}.
func nat(word string) func(*ruleReader, value) {
	return func(r *ruleReader, v value) {
		text := r.natText(word, v)
		r.word(text)
		family := map[string]uint8{"ip": 2, "ip6": 10}[v.get("family").text]
		r.require(needs{family: family, protocol: -1})
		n := netfilter.NAT{Kind: natKinds[word], Text: r.listing.keep(join(v.get("flags").items(), ","))}
		if strings.Contains(n.Text, "netmap") {
			n.Kind, n.Text = netfilter.Netmap, ""
		}
		if why := r.natTo(&n, v.get("addr"), v.get("port")); why != "" {
			r.unclear(text, why)
			return
		}
		r.add(n)
	}
}

// natTo reads where a NAT leads to; either side can be a map, the address for both.
func (r *ruleReader) natTo(n *netfilter.NAT, addr, port value) (why string) {
	mapped := addr
	if port.get("map").kind != null {
		mapped = port
	}
	if kind, inner := mapped.only(); kind == "map" {
		if addr.kind != null && port.kind != null {
			return "dockwall does not understand a map beside another address or port"
		}
		return r.natMap(n, inner)
	}
	if !targetAddresses(n, addr) || !targetPorts(n, port) {
		return "dockwall does not understand where it leads to"
	}
	return ""
}

func (r *ruleReader) natMap(n *netfilter.NAT, m value) (why string) {
	list, _ := r.operands(m.get("key"))
	for _, o := range list {
		r.require(o.needs)
		if o.field == netfilter.NoField {
			return o.why
		}
	}
	types := elementTypes{kind: "nat", data: []*datatype{datatypes["ipv4_addr"]}}
	set, ok := r.mapOf(list, m.get("data"), types)
	if !ok {
		return "dockwall does not understand where its map leads to"
	}
	if why := r.portless(list, set); why != "" {
		return why
	}
	for i := range set.Elements {
		if set.Elements[i].Target == nil {
			return "its map does not lead to addresses or ports"
		}
		set.Elements[i].Target.Kind = n.Kind
	}
	n.Map, n.Fields = set, uses(list)
	return ""
}

// isTarget tells whether a map's data is what NAT takes: an address, a port, or both.
func isTarget(data []*datatype) bool {
	for _, d := range data {
		if d.format != address && d != datatypes["inet_service"] {
			return false
		}
	}
	return len(data) > 0
}

// natTarget reads the data of a NAT map: addresses, ports, or first these and then those.
func natTarget(v value) (n netfilter.NAT, ok bool) {
	parts := []value{v}
	if kind, inner := v.only(); kind == "concat" {
		parts = inner.items()
	}
	if len(parts) == 1 && targetPorts(&n, v) {
		return n, true
	}
	ok = len(parts) > 0 && len(parts) <= 2 && targetAddresses(&n, parts[0])
	if ok && len(parts) == 2 {
		ok = targetPorts(&n, parts[1])
	}
	return n, ok
}

// targetAddresses reads one address, a range or a prefix; null is none.
func targetAddresses(n *netfilter.NAT, v value) bool {
	if v.kind == null {
		return true
	}
	first, last := v, v
	switch kind, inner := v.only(); kind {
	case "range":
		if len(inner.items()) != 2 {
			return false
		}
		first, last = inner.list[0], inner.list[1]
	case "prefix":
		p, err := netip.ParseAddr(inner.get("addr").text)
		length := int(inner.get("len").uint())
		if err != nil || length > p.BitLen() {
			return false
		}
		n.First, n.Last = prefixEnds(netip.PrefixFrom(p.WithZone(""), length))
		return true
	}
	var err1, err2 error
	n.First, err1 = netip.ParseAddr(first.text)
	n.Last, err2 = netip.ParseAddr(last.text)
	return err1 == nil && err2 == nil
}

func prefixEnds(p netip.Prefix) (first, last netip.Addr) {
	family := netfilter.IPv6
	if p.Addr().Is4() {
		family = netfilter.IPv4
	}
	all := netfilter.OfPrefix(p)[0]
	return all.First.Address(family), all.Last.Address(family)
}

// targetPorts reads one port or a range; null is none.
func targetPorts(n *netfilter.NAT, v value) bool {
	if v.kind == null {
		return true
	}
	ports, ok := datatypes["inet_service"].ranges(v)
	if !ok || len(ports) != 1 || v.text == "*" {
		return false
	}
	n.FirstPort, n.LastPort = uint16(ports[0].First.Low), uint16(ports[0].Last.Low)
	return true
}
