package nft

import (
	"fmt"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

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
