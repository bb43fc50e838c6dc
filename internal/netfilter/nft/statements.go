package nft

import (
	"fmt"
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

// limit reads {"rate", "per", "burst", "inv", "rate_unit", "burst_unit"} or a name.
func (r *ruleReader) limit(v value) {
	text := limitText(v)
	r.word(text)
	r.undecided(text, "the rate of such packets is not known", true)
}

func limitText(v value) string {
	if v.kind != object {
		return `limit name "` + v.text + `"`
	}
	b := "limit rate " + over(v)
	rateUnit, burstUnit := v.get("rate_unit").text, v.get("burst_unit").text
	if rateUnit == "" || rateUnit == "packets" {
		b += v.get("rate").text + "/" + v.get("per").text
		if burst := v.get("burst"); burst.text != "" && burst.text != "5" {
			b += " burst " + burst.text + " packets"
		}
		return b
	}
	b += v.get("rate").text + " " + rateUnit + "/" + v.get("per").text
	if burst := v.get("burst"); burst.text != "" && burst.text != "0" {
		b += " burst " + burst.text + " " + burstUnit
	}
	return b
}

func over(v value) string {
	if v.get("inv").text == "true" {
		return "over "
	}
	return ""
}

func (r *ruleReader) quota(v value) {
	text := `quota name "` + v.text + `"`
	if v.kind == object {
		text = "quota " + over(v) + v.get("val").text + " " + v.get("val_unit").text
		if used := v.get("used"); used.text != "" && used.text != "0" {
			text += " used " + used.text + " " + v.get("used_unit").text
		}
	}
	r.word(text)
	r.undecided(text, "how much of the quota is used is not known", true)
}

func (r *ruleReader) count(v value) {
	text := "ct count " + over(v) + v.get("val").text
	r.word(text)
	r.undecided(text, "how many conversations there are is not known", true)
}

// setStatement reads {"op", "elem", "set", "stmt"}, and of maps also "data" and "map".
func (r *ruleReader) setStatement(v value) {
	name := strings.TrimPrefix(v.get("set").text+v.get("map").text, "@")
	elem := elementKey(v.get("elem"))
	list, key := r.operands(elem)
	if kind, about := v.get("elem").only(); kind == "elem" {
		key = aboutText(key, about)
	}
	for _, s := range v.get("stmt").items() {
		key += " " + embedded(s)
	}
	if data := v.get("data"); data.kind != null {
		key += " : " + r.dataText(data)
	}
	text := fmt.Sprintf("%s @%s { %s }", v.get("op").text, name, key)
	r.word(text)
	r.changeSet(list, name, text)
	for _, s := range v.get("stmt").items() {
		if kind, _ := s.only(); kind == "limit" || kind == "quota" || kind == "ct count" {
			r.undecided(embedded(s), "what was counted for such packets is not known", true)
		}
	}
}

func (r *ruleReader) dataText(v value) string {
	if verdict, ok := r.listing.verdict(v); ok {
		return verdictText(verdict)
	}
	if kind, _ := v.only(); kind == "" {
		return elementText([]*datatype{datatypes["symbol"]}, v)
	}
	_, text := r.operands(v)
	return text
}

// changeSet adds a packet to a set, from which on it is not known what the set holds.
func (r *ruleReader) changeSet(list []operand, name, text string) {
	for _, o := range list {
		r.require(o.needs)
	}
	if set := r.table.Sets[name]; set != nil {
		set.Dynamic = true
	}
	r.add(netfilter.AddToSet{Set: r.listing.keep(name), Text: text})
}

// embedded is a statement inside another: a limit, a counter without its figures.
func embedded(v value) string {
	switch kind, inner := v.only(); kind {
	case "limit":
		return limitText(inner)
	case "ct count":
		return "ct count " + over(inner) + inner.get("val").text
	case "quota":
		return "quota " + over(inner) + inner.get("val").text + " " + inner.get("val_unit").text
	default:
		return kind
	}
}

// meter reads {"key", "stmt", "size", "name"}: a set of its own with a limit for each element.
func (r *ruleReader) meter(v value) {
	list, key := r.operands(elementKey(v.get("key")))
	if kind, about := v.get("key").only(); kind == "elem" {
		key = aboutText(key, about)
	}
	text := "meter " + v.get("name").text
	if v.has("size") {
		text += " size " + v.get("size").text
	}
	text += " { " + key + " " + embedded(v.get("stmt")) + " }"
	r.word(text)
	for _, o := range list {
		r.require(o.needs)
	}
	r.undecided(text, "what was counted for such packets is not known", true)
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
