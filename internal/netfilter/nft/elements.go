package nft

import (
	"github.com/dockwall/dockwall/internal/netfilter"
)

// readElements reads a set's elements. The one for all other keys ("*") goes to the end: the first that holds a key
// counts.
func (l *listing) readElements(set *netfilter.Set, types elementTypes, left *int) error {
	var rest []netfilter.Element
	err := l.scanner.elements(func() error {
		l.scanner.forget()
		v, err := l.scanner.value()
		if err != nil || set.Unclear != "" {
			return err
		}
		e, ok := l.element(v, types)
		switch *left--; {
		case !ok:
			set.Unclear = "dockwall does not understand one of its elements"
		case *left < 0:
			set.Unclear = "it has too many elements"
		case isRest(v):
			rest = append(rest, e)
		default:
			set.Elements = append(set.Elements, e)
		}
		return nil
	})
	set.Elements = append(set.Elements, rest...)
	return err
}

// split parts an element into its key, the data of a map, and what nft says beside it.
func split(v value) (key, data, about value) {
	key = v
	if v.kind == array && len(v.list) == 2 {
		key, data = v.list[0], v.list[1]
	}
	if kind, inner := key.only(); kind == "elem" {
		return inner.get("val"), data, inner
	}
	return key, data, value{}
}

// elementKey is the key alone, of an element of a set.
func elementKey(v value) value {
	if kind, inner := v.only(); kind == "elem" {
		return inner.get("val")
	}
	return v
}

func isRest(v value) bool {
	key, _, _ := split(v)
	return key.kind == jsonText && key.text == "*"
}

// element reads one element of a set or map.
func (l *listing) element(v value, types elementTypes) (netfilter.Element, bool) {
	key, data, about := v, value{}, value{}
	if types.data != nil {
		key, data, about = split(v)
	} else if kind, inner := v.only(); kind == "elem" {
		key, about = inner.get("val"), inner
	}
	e := netfilter.Element{Comment: l.keep(about.get("comment").text)}
	if !l.elementFields(&e, key, types.key) {
		return e, false
	}
	switch {
	case types.kind == "" || objectMaps[types.kind]:
		return e, true
	case types.kind == "verdict":
		verdict, ok := l.verdict(data)
		e.Verdict = &verdict
		return e, ok
	case isTarget(types.data):
		nat, ok := natTarget(data)
		e.Target = &nat
		return e, ok
	}
	if len(types.data) != 1 {
		return e, false
	}
	var ok bool
	e.Value, ok = types.data[0].number(data)
	return e, ok
}

// objectMaps lead to objects that no verdict hangs on: only their keys count.
var objectMaps = map[string]bool{"counter": true, "ct helper": true, "ct timeout": true, "ct expectation": true, "secmark": true}

// elementFields reads an element's key, field by field.
func (l *listing) elementFields(e *netfilter.Element, key value, types []*datatype) bool {
	parts := []value{key}
	if kind, inner := key.only(); kind == "concat" {
		parts = inner.items()
	}
	everything := key.kind == jsonText && key.text == "*"
	if len(parts) != len(types) && !everything {
		return false
	}
	for i, d := range types {
		part := key
		if !everything {
			part = parts[i]
		}
		if !l.elementField(e, part, d, i, len(types)) {
			return false
		}
	}
	return true
}

func (l *listing) elementField(e *netfilter.Element, part value, d *datatype, i, count int) bool {
	if d.format == ifname {
		if e.Interfaces == nil {
			e.Interfaces = make([]netfilter.InterfaceName, count)
		}
		name, ok := interfaceName(part)
		name.Name = l.keep(name.Name)
		e.Interfaces[i] = name
		e.Key = append(e.Key, nil)
		return ok
	}
	values, ok := d.ranges(part)
	e.Key = append(e.Key, values)
	return ok
}

// set is an anonymous set with several fields, or an anonymous map.
func (r *ruleReader) set(list []operand, elements []value, types *elementTypes) (*netfilter.Set, bool) {
	if types == nil {
		types = &elementTypes{}
	}
	for _, o := range list {
		types.key = append(types.key, o.kind)
	}
	set := &netfilter.Set{}
	var rest []netfilter.Element
	for _, v := range elements {
		e, ok := r.listing.element(v, *types)
		if !ok {
			return nil, false
		}
		if isRest(v) {
			rest = append(rest, e)
			continue
		}
		set.Elements = append(set.Elements, e)
	}
	set.Elements = append(set.Elements, rest...)
	return set, true
}
