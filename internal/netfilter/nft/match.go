package nft

import (
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// operands reads the left side of a match or the key of a map: one expression, or several joined by dots.
func (r *ruleReader) operands(v value) ([]operand, string) {
	parts := []value{v}
	if kind, inner := v.only(); kind == "concat" && len(inner.items()) > 0 {
		parts = inner.items()
	}
	var list []operand
	var texts []string
	for _, part := range parts {
		o := r.operand(part)
		list, texts = append(list, o), append(texts, o.text)
	}
	return list, strings.Join(texts, " . ")
}

// match reads {"op", "left", "right"}.
func (r *ruleReader) match(v value) {
	list, left := r.operands(v.get("left"))
	op, right := v.get("op").text, v.get("right")
	text := matchText(list, left, op, v.get("left"), right)
	r.word(text)
	for _, o := range list {
		r.require(o.needs)
		if o.field == netfilter.NoField {
			r.undecided(text, o.why, o.hidden)
			return
		}
	}
	step, ok := r.condition(list, op, right)
	if !ok {
		r.undecided(text, "dockwall does not understand "+text, false)
		return
	}
	r.checkPorts(list, step, text)
	r.learn(step)
}

// condition is the match of operands with a right side.
func (r *ruleReader) condition(list []operand, op string, right value) (netfilter.Match, bool) {
	negate := op == "!="
	plain := negate || op == "=="
	if name, named := strings.CutPrefix(right.text, "@"); named && right.kind == jsonText {
		set := r.table.Sets[name]
		return netfilter.Lookup{Fields: uses(list), Set: set, Negate: negate}, set != nil && plain && fits(list, set)
	}
	elements, anonymous := anonymousSet(right)
	if len(list) > 1 {
		set, ok := r.set(list, elements, nil)
		return netfilter.Lookup{Fields: uses(list), Set: set, Negate: negate}, ok && plain
	}
	o := list[0]
	switch {
	case o.isInterface():
		names, ok := interfaceNames(elements)
		return netfilter.InterfaceTest{Field: o.field, Names: names, Negate: negate}, ok && plain
	case plain:
		values, ok := o.values(elements)
		return netfilter.Test{Field: o.field, Mask: o.mask, Values: values, Negate: negate}, ok
	case anonymous:
		return nil, false
	}
	return o.compare(op, right)
}

// anonymousSet is the elements of {"set": [...]}, or the one value that stands in place of a set.
func anonymousSet(v value) ([]value, bool) {
	if kind, inner := v.only(); kind == "set" {
		return inner.items(), true
	}
	return []value{v}, false
}

func uses(list []operand) []netfilter.FieldUse {
	var fields []netfilter.FieldUse
	for _, o := range list {
		fields = append(fields, o.use())
	}
	return fields
}

func interfaceNames(elements []value) (names []netfilter.InterfaceName, ok bool) {
	for _, e := range elements {
		name, ok := interfaceName(elementKey(e))
		if !ok {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}

// values are the numbers that any of the elements holds.
func (o operand) values(elements []value) (netfilter.Ranges, bool) {
	var all []netfilter.Range
	for _, e := range elements {
		values, ok := o.kind.ranges(elementKey(e))
		if !ok {
			return nil, false
		}
		all = append(all, o.shift(values)...)
	}
	return netfilter.NewRanges(all...), true
}

func (o operand) shift(values netfilter.Ranges) netfilter.Ranges {
	if o.plus == 0 {
		return values
	}
	var shifted netfilter.Ranges
	for _, v := range values {
		shifted = append(shifted, netfilter.Range{
			First: netfilter.Small(v.First.Low + o.plus), Last: netfilter.Small(v.Last.Low + o.plus)})
	}
	return shifted
}

// compare is an order, or a look at bits: "in" asks for any of them, "!" for none.
func (o operand) compare(op string, right value) (netfilter.Match, bool) {
	n, ok := o.kind.number(right)
	test := netfilter.Test{Field: o.field, Mask: o.mask}
	zero := netfilter.Number{}
	switch op {
	case "in", "!":
		test.Mask, test.Values, test.Negate = o.mask.And(n), netfilter.One(zero), op == "in"
		return test, ok
	case "<":
		if n != zero {
			test.Values = netfilter.Between(zero, n.Previous())
		}
	case "<=":
		test.Values = netfilter.Between(zero, n)
	case ">":
		if n != o.kind.max() {
			test.Values = netfilter.Between(n.Next(), o.kind.max())
		}
	case ">=":
		test.Values = netfilter.Between(n, o.kind.max())
	default:
		return nil, false
	}
	test.Values = o.shift(test.Values)
	return test, ok
}

// fits tells whether a named set has the fields that are looked up in it. All elements of a set are alike.
func fits(list []operand, set *netfilter.Set) bool {
	if len(set.Elements) == 0 {
		return true
	}
	key := set.Elements[0].Key
	if len(key) != len(list) {
		return false
	}
	for i, o := range list {
		if (key[i] == nil) != o.isInterface() {
			return false
		}
	}
	return true
}
