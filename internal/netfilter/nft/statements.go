package nft

import (
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// counter reads {"packets", "bytes"}, whose first counts for the rule and is not in its text; "name"; or a map to names,
// whose keys must be in it (nft_objref.c: the rule ends without one).
func (r *ruleReader) counter(v value) {
	switch {
	case v.kind == jsonText:
		r.note(`counter name "` + v.text + `"`)
	case v.has("map"):
		r.counterMap(v.get("map"))
	case !r.rule.Counted:
		r.rule.Counted = true
		r.rule.Packets, r.rule.Bytes = v.get("packets").uint(), v.get("bytes").uint()
	}
}

func (r *ruleReader) counterMap(m value) {
	list, key := r.operands(m.get("key"))
	text := "counter name " + key + " map " + setText(kindsOf(list), datatypes["string"], m.get("data"))
	r.word(text)
	for _, o := range list {
		r.require(o.needs)
	}
	set, ok := r.mapOf(list, m.get("data"), elementTypes{kind: "counter", data: namedTypes([]string{"counter"})})
	if !ok || slices.ContainsFunc(list, func(o operand) bool { return o.field == netfilter.NoField }) {
		r.undecided(text, "dockwall does not understand "+text, false)
		return
	}
	r.add(netfilter.Lookup{Fields: uses(list), Set: set}, netfilter.Note{Text: text})
}

// log reads {"prefix", "level", "flags", "group", ...}.
func (r *ruleReader) log(v value) {
	words := []string{"log"}
	if v.has("prefix") {
		words = append(words, `prefix "`+v.get("prefix").text+`"`)
	}
	for _, key := range []string{"group", "snaplen", "queue-threshold", "level"} {
		if v.has(key) {
			words = append(words, key, v.get(key).text)
		}
	}
	if v.has("flags") {
		words = append(words, logFlags(v.get("flags").items()))
	}
	r.note(strings.Join(words, " "))
}

// logFlags joins flags of one protocol: ["tcp sequence", "tcp options", "skuid"] is flags tcp sequence,options flags skuid.
func logFlags(flags []value) string {
	var b strings.Builder
	last := ""
	for _, flag := range flags {
		protocol, name, two := strings.Cut(flag.text, " ")
		switch {
		case two && protocol == last:
			b.WriteString("," + name)
			continue
		case b.Len() > 0:
			b.WriteByte(' ')
		}
		b.WriteString("flags " + flag.text)
		last = protocol
	}
	return b.String()
}

// flow reads {"op", "flowtable"}. Only tcp and udp of a conversation that both sides have confirmed goes into a
// flowtable; others end the rule here (nft_flow_offload.c). Later packets then leave at ingress, past all hooks.
func (r *ruleReader) flow(v value) {
	text := "flow " + v.get("op").text + " " + v.get("flowtable").text
	r.word(text)
	r.undecided(text, "whether the conversation may pass by the forward hook is not known", true)
	r.add(netfilter.Note{Text: text})
}

func (r *ruleReader) dup(v value) {
	text := "dup to " + r.where(v.get("addr"))
	if v.has("dev") {
		text += " device " + r.where(v.get("dev"))
	}
	r.word(text)
	r.unclear(text, "dockwall does not follow copies of a packet")
}

func (r *ruleReader) forward(v value) {
	text := "fwd"
	if v.has("addr") {
		text += " " + v.get("family").text + " to " + r.where(v.get("addr")) + " device " + r.where(v.get("dev"))
	} else {
		text += " to " + r.where(v.get("dev"))
	}
	r.word(text)
	r.unclear(text, "the packet leaves by another interface, past all hooks")
}

// where is an address, an interface or an expression that gives one.
func (r *ruleReader) where(v value) string {
	if v.kind == object {
		return r.dataText(v)
	}
	if _, address := datatypes["ipv4_addr"].word(v.text); address || strings.Contains(v.text, ":") {
		return v.text
	}
	return `"` + v.text + `"`
}

func (r *ruleReader) tproxy(v value) {
	text := strings.TrimSpace("tproxy "+v.get("family").text) + " to " + v.get("addr").text
	if v.has("port") {
		text += ":" + v.get("port").text
	}
	r.word(text)
	r.unclear(text, "the packet goes to a program of this host, whatever its destination")
}

func (r *ruleReader) synproxy(v value) {
	text := "synproxy"
	if v.kind == jsonText {
		text += ` name "` + v.text + `"`
	}
	for _, key := range []string{"mss", "wscale"} {
		if v.has(key) {
			text += " " + key + " " + v.get(key).text
		}
	}
	if flags := join(v.get("flags").items(), " "); flags != "" {
		text += " " + flags
	}
	r.word(text)
	r.unclear(text, "the kernel answers in place of the destination")
}

func (r *ruleReader) reset(v value) {
	o := r.operand(v)
	r.word("reset " + o.text)
	r.require(o.needs)
	r.add(netfilter.Note{Text: "reset " + o.text})
}

// xt is an extension of iptables-nft. Its arguments are not in the JSON: iptables-save has them.
func (r *ruleReader) xt(v value) {
	text := strings.TrimSpace("xt " + v.get("type").text + ` "` + v.get("name").text + `"`)
	r.word(text)
	if v.get("type").text == "match" {
		r.undecided(text, "nft does not print what iptables' match "+v.get("name").text+" asks for", false)
		return
	}
	r.unclear(text, "nft does not print what iptables' "+v.get("name").text+" does")
}

func conntrackObject(kind string) func(*ruleReader, value) {
	return func(r *ruleReader, v value) { r.note("ct " + kind + ` set "` + v.text + `"`) }
}

func (r *ruleReader) secmark(v value) { r.note(`meta secmark set "` + v.text + `"`) }

func (r *ruleReader) last(value) {} // newer nft: when the rule was last met, which is a counter like others
