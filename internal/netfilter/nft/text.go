package nft

import (
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

func kindsOf(list []operand) []*datatype {
	var kinds []*datatype
	for _, o := range list {
		kinds = append(kinds, o.kind)
	}
	return kinds
}

func join(list []value, by string) string {
	var words []string
	for _, v := range list {
		words = append(words, v.text)
	}
	return strings.Join(words, by)
}

// matchText is a match as nft writes it: == is left out, but not for bits and masks, where nothing stands for "any of".
func matchText(list []operand, left, op string, leftValue, right value) string {
	kinds := kindsOf(list)
	flags := len(list) == 1 && isFlags(list[0].kind)
	masked, mask := leftValue.only()
	switch elements, anonymous := anonymousSet(right); {
	case anonymous:
		left += not(op) + " " + elementsText(kinds, nil, elements)
	case right.kind == jsonText && strings.HasPrefix(right.text, "@"):
		left += not(op) + " " + right.text
	case flags && masked == "&" && len(mask.items()) == 2 && mask.items()[1].kind == array:
		field := strings.TrimSuffix(left, " & "+list[0].mask2text(mask.items()[1]))
		left = field + not(op) + " " + elementText(kinds, right) + " / " + join(mask.items()[1].items(), ",")
	case op == "in" || op == "==" && masked != "&" && !flags:
		left += " " + elementText(kinds, right)
	default:
		left += " " + op + " " + elementText(kinds, right)
	}
	return left
}

func not(op string) string {
	if op == "==" {
		return ""
	}
	return " " + op
}

func isFlags(d *datatype) bool {
	return d == datatypes["tcp_flag"] || d == datatypes["ct_state"] || d == datatypes["ct_status"]
}

// setText is a named set ("@s") or an anonymous one in braces. data is the type of a map's data, nil of verdicts.
func setText(kinds []*datatype, data *datatype, v value) string {
	if elements, anonymous := anonymousSet(v); anonymous {
		return elementsText(kinds, data, elements)
	}
	return v.text
}

func elementsText(kinds []*datatype, data *datatype, elements []value) string {
	var texts []string
	for _, e := range elements {
		texts = append(texts, entryText(kinds, data, e))
	}
	return "{ " + strings.Join(texts, ", ") + " }"
}

// entryText is an element of a set, or of a map with what it leads to.
func entryText(kinds []*datatype, data *datatype, e value) string {
	if e.kind != array || len(e.list) != 2 || isFlags(kinds[0]) && e.list[1].kind != object {
		return elementText(kinds, e)
	}
	key := elementText(kinds, e.list[0])
	if word, inner := e.list[1].only(); verdicts[word] != netfilter.Continue || word == "continue" {
		return key + " : " + verdictText(netfilter.Verdict{Kind: verdicts[word], Chain: inner.get("target").text})
	}
	if data == nil {
		data = datatypes["symbol"]
	}
	return key + " : " + elementText([]*datatype{data}, e.list[1])
}

// elementText is one value, range, prefix or concatenation of them, with what stands beside an element.
func elementText(kinds []*datatype, v value) string {
	kind, inner := v.only()
	switch kind {
	case "concat":
		return concatText(kinds, inner.items())
	case "elem":
		return aboutText(elementText(kinds, inner.get("val")), inner)
	case "prefix":
		return kinds[0].write(inner.get("addr")) + "/" + inner.get("len").text
	case "range":
		return separated(kinds, inner.items(), "-")
	case "|":
		return separated(kinds, inner.items(), " | ")
	case "":
		if v.kind == array {
			return separated(kinds, v.list, ",")
		}
		return kinds[0].write(v)
	}
	return plainJSON(v)
}

func separated(kinds []*datatype, list []value, by string) string {
	var texts []string
	for _, v := range list {
		texts = append(texts, elementText(kinds, v))
	}
	return strings.Join(texts, by)
}

func concatText(kinds []*datatype, list []value) string {
	var texts []string
	for i, v := range list {
		texts = append(texts, elementText(kinds[min(i, len(kinds)-1):], v))
	}
	return strings.Join(texts, " . ")
}

// aboutText adds an element's timeout and comment.
func aboutText(text string, about value) string {
	if about.has("timeout") {
		text += " timeout " + duration(about.get("timeout").uint())
	}
	if about.has("comment") {
		text += ` comment "` + about.get("comment").text + `"`
	}
	return text
}

// plainJSON is a value's own words, for what is not understood; long ones are cut.
func plainJSON(v value) string {
	var b strings.Builder
	writeJSON(&b, v)
	const limit = 300
	if b.Len() > limit {
		return strings.ToValidUTF8(b.String()[:limit], "") + "..."
	}
	return b.String()
}

func writeJSON(b *strings.Builder, v value) {
	if b.Len() > 1000 {
		return
	}
	switch v.kind {
	case null:
		b.WriteString("null")
	case jsonText:
		b.WriteString(`"` + v.text + `"`)
	case array, object:
		brackets := map[kind]string{array: "[]", object: "{}"}[v.kind]
		b.WriteByte(brackets[0])
		for i, inner := range v.list {
			if i > 0 {
				b.WriteString(", ")
			}
			if v.kind == object {
				b.WriteString(`"` + v.keys[i] + `": `)
			}
			writeJSON(b, inner)
		}
		b.WriteByte(brackets[1])
	default:
		b.WriteString(v.text)
	}
}
