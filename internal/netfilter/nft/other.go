package nft

import "strings"

// other reads the expressions that the model has no field for: random numbers, hashes, sockets, routes, options.
func other(r *ruleReader, kind string, v value) operand {
	switch kind {
	case "numgen":
		return unknown(optional("numgen "+v.get("mode").text+" mod "+v.get("mod").text, v, "offset", " offset "),
			datatypes["integer"], true)
	case "jhash":
		_, names := r.operands(v.get("expr"))
		text := "jhash " + names + " mod " + v.get("mod").text
		if v.has("seed") {
			text += " seed " + datatypes["hex"].writeNumber(v.get("seed").uint())
		}
		return unknown(optional(text, v, "offset", " offset "), datatypes["integer"], true)
	case "symhash":
		return unknown(optional("symhash mod "+v.get("mod").text, v, "offset", " offset "), datatypes["integer"], true)
	case "socket":
		return socket(v.get("key").text)
	case "osf":
		return unknown(optional("osf", v, "ttl", " ttl ")+" "+v.get("key").text, datatypes["string"], true)
	case "rt", "ipsec":
		return route(kind, v)
	case "exthdr", "tcp option", "ip option", "sctp chunk", "dccp option":
		return option(kind, v)
	}
	return unknown(strings.TrimSpace(kind+" "+v.get("key").text), datatypes["symbol"], false)
}

// optional adds a member with its word where it is there and not zero.
func optional(text string, v value, key, word string) string {
	if member := v.get(key); member.text != "" && member.text != "0" {
		return text + word + member.text
	}
	return text
}

func socket(key string) operand {
	if key == "mark" {
		return unknown("socket mark", datatypes["mark"], true)
	}
	return unknown("socket "+key, datatypes["symbol"], true)
}

// route is `rt nexthop` or `ipsec in reqid`.
func route(kind string, v value) operand {
	words := []string{kind}
	for _, key := range []string{"dir", "spnum", "family", "key"} {
		switch word := v.get(key).text; {
		case key == "spnum" && word != "" && word != "0":
			words = append(words, "spnum", word)
		case key != "spnum" && word != "":
			words = append(words, word)
		}
	}
	return unknown(strings.Join(words, " "), datatypes["symbol"], false)
}

// option is a header or an option, or a field in it: `exthdr frag`, `frag frag-off`, `tcp option maxseg size`.
func option(kind string, v value) operand {
	words := []string{kind, v.get("name").text}
	switch {
	case v.has("field") && kind == "exthdr":
		words = []string{v.get("name").text, v.get("field").text}
	case v.has("field"):
		words = append(words, v.get("field").text)
	}
	o := unknown(strings.Join(words, " "), datatypes["symbol"], false)
	switch kind {
	case "tcp option":
		o.needs.protocol = 6
	case "sctp chunk":
		o.needs.protocol = 132
	case "dccp option":
		o.needs.protocol = 33
	case "ip option":
		o.needs.family = 2
	case "exthdr":
		o.needs.family = 10
	}
	return o
}
