package nft

import (
	"strings"
)

// natText is `dnat ip to 10.0.0.1:80 random`.
func (r *ruleReader) natText(word string, v value) string {
	if family := v.get("family").text; family != "" {
		word += " " + family
	}
	if join(v.get("type_flags").items(), ",") == "prefix" {
		word += " prefix"
	}
	target := r.targetText(v.get("addr"))
	port := v.get("port")
	if port.kind != null {
		if v.get("addr").kind != null && strings.Contains(target, ":") {
			target = "[" + target + "]"
		}
		target += ":" + r.targetText(port)
	}
	if target != "" {
		word += " to " + target
	}
	var flags []string
	for _, f := range v.get("flags").items() {
		if f.text != "netmap" {
			flags = append(flags, f.text)
		}
	}
	if len(flags) > 0 {
		word += " " + strings.Join(flags, ",")
	}
	return word
}

// targetText is an address or port, or the map that leads to one.
func (r *ruleReader) targetText(v value) string {
	if v.kind == null {
		return ""
	}
	if kind, inner := v.only(); kind == "map" {
		list, key := r.operands(inner.get("key"))
		return key + " map " + setText(kindsOf(list), nil, inner.get("data"))
	}
	return elementText([]*datatype{datatypes["symbol"]}, v)
}
