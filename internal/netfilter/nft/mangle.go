package nft

import (
	"github.com/dockwall/dockwall/internal/netfilter"
)

// mangle reads {"key", "value"}: what is set, and to what.
func (r *ruleReader) mangle(v value) {
	key := r.operand(v.get("key"))
	data := v.get("value")
	text := key.text + " set " + r.mangleText(key, data)
	r.word(text)
	r.require(key.needs)
	kind, inner := v.get("key").only()
	switch field := key.field; {
	case field == netfilter.Mark, field == netfilter.ConntrackMark, field == netfilter.DSCP, field == netfilter.TTL,
		field == netfilter.PacketType:
		r.setField(key, data, text)
	case kind == "payload" && inner.get("protocol").text != "ether" || inner.get("key").text == "zone":
		r.unclear(text, "dockwall does not follow packets whose header is written anew")
	default: // trace, priority, labels, events, options of TCP: no verdict hangs on them
		r.add(netfilter.Note{Text: text})
	}
}

func (r *ruleReader) mangleText(key operand, v value) string {
	kind, inner := v.only()
	switch kind {
	case "", "range", "prefix":
		return elementText([]*datatype{key.kind}, v)
	case "map":
		list, from := r.operands(inner.get("key"))
		return from + " map " + setText(kindsOf(list), key.kind, inner.get("data"))
	case "|", "&", "^", "<<", ">>":
		if sides := inner.items(); len(sides) == 2 {
			if kind == "<<" || kind == ">>" {
				key.kind = datatypes["integer"]
			}
			return r.mangleText(key, sides[0]) + " " + kind + " " + r.mangleText(key, sides[1])
		}
	}
	return r.operand(v).text
}

// setField adds the steps that set a field.
func (r *ruleReader) setField(key operand, data value, text string) {
	if kind, inner := data.only(); kind == "map" {
		list, _ := r.operands(inner.get("key"))
		for _, o := range list {
			r.require(o.needs)
		}
		r.unclear(text, "dockwall does not follow marks that come from a map")
		return
	}
	b, ok := r.bits(key, data)
	if !ok {
		r.unclear(text, "dockwall does not understand what is set")
		return
	}
	all := ones(key.kind.bits)
	clear := b.own.Not().And(all)
	if b.from == netfilter.NoField {
		r.add(netfilter.SetField{Field: key.field, Mask: clear, Value: b.value.And(all)})
		return
	}
	r.add(netfilter.SetField{Field: key.field, Mask: clear, From: b.from, Of: b.of})
	if b.value != (netfilter.Number{}) {
		r.add(netfilter.SetField{Field: key.field, Value: b.value})
	}
}

// bits is what a field is set to: (field & own) ^ (from & of) ^ value.
type bits struct {
	own   netfilter.Number
	from  netfilter.Field
	of    netfilter.Number
	value netfilter.Number
}

// bits reads an expression of the field itself, one other field and constants.
func (r *ruleReader) bits(key operand, v value) (bits, bool) {
	kind, inner := v.only()
	switch sides := inner.items(); {
	case kind == "" || kind == "prefix":
		n, ok := key.kind.number(v)
		return bits{value: n}, ok
	case kind == "&" || kind == "|" || kind == "^":
		if len(sides) != 2 {
			return bits{}, false
		}
		left, ok1 := r.bits(key, sides[0])
		right, ok2 := r.bits(key, sides[1])
		both, ok3 := left.combine(kind, right)
		return both, ok1 && ok2 && ok3
	}
	o := r.operand(v)
	switch {
	case o.field == netfilter.NoField || o.isInterface():
		return bits{}, false
	case o.field == key.field:
		return bits{own: o.mask}, true
	}
	r.require(o.needs)
	return bits{from: o.field, of: o.mask}, true
}

func (b bits) constant() bool { return b.own == (netfilter.Number{}) && b.from == netfilter.NoField }

// combine is b OP c, where the answer is again such an expression.
func (b bits) combine(op string, c bits) (bits, bool) {
	if b.constant() {
		b, c = c, b
	}
	if !c.constant() {
		return b.join(op, c)
	}
	switch op {
	case "&":
		b.own, b.of, b.value = b.own.And(c.value), b.of.And(c.value), b.value.And(c.value)
	case "|":
		rest := c.value.Not()
		b.own, b.of, b.value = b.own.And(rest), b.of.And(rest), b.value.And(rest).Xor(c.value)
	case "^":
		b.value = b.value.Xor(c.value)
	}
	return b, true
}

// join puts the field's own bits and another field's beside each other: newer nft's
// `ct mark set ct mark & 0xffff0000 | meta mark & 0xffff`. Where both have a bit, or or and cannot be told apart.
func (b bits) join(op string, c bits) (bits, bool) {
	if op == "&" || b.from != netfilter.NoField && c.from != netfilter.NoField {
		return bits{}, false
	}
	used := b.own.Or(b.of).Or(b.value)
	if op == "|" && used.And(c.own.Or(c.of).Or(c.value)) != (netfilter.Number{}) {
		return bits{}, false
	}
	return bits{own: b.own.Xor(c.own), from: max(b.from, c.from), of: b.of.Or(c.of), value: b.value.Xor(c.value)}, true
}
