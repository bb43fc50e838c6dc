package nft

import (
	"github.com/dockwall/dockwall/internal/netfilter"
)

var verdicts = map[string]netfilter.VerdictKind{
	"accept": netfilter.Accept, "drop": netfilter.Drop, "continue": netfilter.Continue, "return": netfilter.Return,
	"jump": netfilter.Jump, "goto": netfilter.Goto,
}

// verdict reads {"accept": null}, {"jump": {"target": "chain"}}.
func (l *listing) verdict(v value) (netfilter.Verdict, bool) {
	word, inner := v.only()
	kind, known := verdicts[word]
	return netfilter.Verdict{Kind: kind, Chain: l.keep(inner.get("target").text)}, known
}

var verdictWords = map[netfilter.VerdictKind]string{
	netfilter.Accept: "accept", netfilter.Drop: "drop", netfilter.Continue: "continue", netfilter.Return: "return",
	netfilter.Jump: "jump ", netfilter.Goto: "goto ",
}

func verdictText(v netfilter.Verdict) string { return verdictWords[v.Kind] + v.Chain }

// verdictMap reads {"key", "data"}.
func (r *ruleReader) verdictMap(v value) {
	list, key := r.operands(v.get("key"))
	types := elementTypes{kind: "verdict", data: namedTypes([]string{"verdict"})}
	text := key + " vmap " + setText(kindsOf(list), nil, v.get("data"))
	r.word(text)
	for _, o := range list {
		r.require(o.needs)
		if o.field == netfilter.NoField {
			r.unclear(text, o.why)
			return
		}
	}
	set, ok := r.mapOf(list, v.get("data"), types)
	if !ok || len(set.Elements) > 0 && set.Elements[0].Verdict == nil {
		r.unclear(text, "dockwall does not understand "+text)
		return
	}
	if why := r.portless(list, set); why != "" {
		r.unclear(text, why)
		return
	}
	if r.more {
		r.add(netfilter.Lookup{Fields: uses(list), Set: set}) // without an element the rule ends (nft_lookup.c)
	}
	r.add(netfilter.VerdictMap{Fields: uses(list), Set: set})
}

// mapOf is a map by name ("@m"), or an anonymous one ({"set": [[key, data], ...]}).
func (r *ruleReader) mapOf(list []operand, data value, types elementTypes) (*netfilter.Set, bool) {
	if data.kind == jsonText && data.text != "" && data.text[0] == '@' {
		set := r.table.Sets[data.text[1:]]
		return set, set != nil && fits(list, set)
	}
	elements, anonymous := anonymousSet(data)
	if !anonymous {
		return nil, false
	}
	return r.set(list, elements, &types)
}

// portless is why a map over `th dport` cannot be followed for all packets, "" where it can: see checkPorts.
func (r *ruleReader) portless(list []operand, set *netfilter.Set) string {
	for _, o := range list {
		if o.needs.ports && !within(r.protocols, withPorts) && !portedSet(netfilter.Lookup{Fields: uses(list), Set: set}) {
			return "of a protocol without ports, other bytes are taken for the port"
		}
	}
	return ""
}

// rejections are nft's words for the answers in those of iptables. With icmpx the answer hangs on the packet's family.
var rejections = map[string]map[string]string{
	"icmp": {
		"net-unreachable": "icmp-net-unreachable", "host-unreachable": "icmp-host-unreachable",
		"prot-unreachable": "icmp-proto-unreachable", "port-unreachable": "icmp-port-unreachable",
		"net-prohibited": "icmp-net-prohibited", "host-prohibited": "icmp-host-prohibited",
		"admin-prohibited": "icmp-admin-prohibited", "frag-needed": "icmp-frag-needed",
	},
	"icmpv6": {
		"no-route": "icmp6-no-route", "admin-prohibited": "icmp6-adm-prohibited", "addr-unreachable": "icmp6-addr-unreachable",
		"port-unreachable": "icmp6-port-unreachable", "policy-fail": "icmp6-policy-fail", "reject-route": "icmp6-reject-route",
	},
	"icmpx": {
		"port-unreachable": "icmpx-port-unreachable", "admin-prohibited": "icmpx-admin-prohibited",
		"no-route": "icmpx-no-route", "host-unreachable": "icmpx-host-unreachable",
	},
}

// reject reads {"type", "expr"}. Its type asks for a protocol or a family, which the listing leaves out.
func (r *ruleReader) reject(v value) {
	kind, answer := v.get("type").text, v.get("expr").text
	byDefault := map[netfilter.Family]string{netfilter.IPv4: "icmp", netfilter.IPv6: "icmpv6"}[r.table.Family]
	if byDefault == "" {
		byDefault = "icmpx"
	}
	if kind == "" {
		kind, answer = byDefault, "port-unreachable"
	}
	if kind == "tcp reset" {
		r.word("reject with tcp reset")
		r.require(needs{protocol: 6})
		r.add(netfilter.Verdict{Kind: netfilter.Reject, With: "tcp-reset"})
		return
	}
	if kind == byDefault && answer == "port-unreachable" {
		r.word("reject")
	} else {
		r.word("reject with " + kind + " " + answer)
	}
	r.require(needs{protocol: -1, family: map[string]uint8{"icmp": 2, "icmpv6": 10}[kind]})
	with := rejections[kind][answer]
	if with == "" {
		with = r.listing.keep(kind + " " + answer) // it refuses, whatever the answer is
	}
	r.add(netfilter.Verdict{Kind: netfilter.Reject, With: with})
}

// queue hands the packet to a program.
func (r *ruleReader) queue(v value) {
	text := "queue"
	if flags := join(v.get("flags").items(), ","); flags != "" {
		text += " flags " + flags
	}
	switch num := v.get("num"); {
	case num.kind == object && !rangeOrSet(num):
		_, from := r.operands(num)
		text += " to " + from
	case num.kind != null:
		text += " to " + elementText([]*datatype{datatypes["symbol"]}, num)
	}
	r.word(text)
	r.add(netfilter.Verdict{Kind: netfilter.Queue})
}

func rangeOrSet(v value) bool {
	kind, _ := v.only()
	return kind == "range" || kind == "set"
}

func (r *ruleReader) notrack(value) {
	r.word("notrack")
	r.add(netfilter.NoTrack{})
}
