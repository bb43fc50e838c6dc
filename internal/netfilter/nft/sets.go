package nft

import (
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// maxElements bounds the elements of all sets of a listing. A set beyond it is not read.
const maxElements = 1 << 22

// readSets reads all named sets and maps.
func (l *listing) readSets() {
	left := maxElements
	for _, at := range l.sets {
		l.scanner.at = at
		if err := l.readSet(&left); err != nil {
			l.note("a set cannot be read: %v", err)
		}
	}
}

// readSet reads one. Its elements are walked last and one by one: there may be a million.
func (l *listing) readSet(left *int) error {
	l.scanner.forget()
	var head value
	elements := -1
	err := l.scanner.members(func(key string) error {
		if key == "elem" {
			elements = l.scanner.at
			return l.scanner.skip()
		}
		member, err := l.scanner.value()
		head.keys, head.list = append(head.keys, key), append(head.list, member)
		return err
	})
	if err != nil {
		return err
	}
	t := l.tableOf(head)
	if t == nil {
		l.note("the set %s is not read: there is no table %s %s", head.get("name").text, head.get("family").text, head.get("table").text)
		return nil
	}
	set := &netfilter.Set{Name: l.keep(head.get("name").text), Dynamic: changes(head)}
	t.Sets[set.Name] = set
	if elements < 0 {
		return nil
	}
	l.scanner.at = elements
	return l.readElements(set, setTypes(head), left)
}

// changes tells whether packets or time change a set. nft 1.0.6 leaves the flag dynamic out of its JSON: that a rule adds
// to the set is seen when the rules are read.
func changes(v value) bool {
	for _, flag := range v.get("flags").items() {
		if flag.text == "dynamic" || flag.text == "timeout" {
			return true
		}
	}
	return v.has("timeout")
}

// elementTypes are what the elements of a set are made of.
type elementTypes struct {
	key  []*datatype
	data []*datatype // of maps; nil of sets
	kind string      // "verdict" of verdict maps, the data's type of others, "" of sets
}

func setTypes(v value) elementTypes {
	types := elementTypes{key: typesOf(v.get("type")), kind: v.get("map").text}
	if v.has("map") {
		if m := v.get("map"); m.kind == array {
			types.data, types.kind = typesOf(m), "concat"
		} else {
			types.data = namedTypes(strings.Split(m.text, " . "))
		}
	}
	return types
}

// typesOf reads "ipv4_addr", ["ipv4_addr", "inet_service"], and newer nft's {"typeof": ...}, of which nothing is known.
func typesOf(v value) []*datatype {
	var names []string
	for _, item := range v.items() {
		names = append(names, strings.Split(item.text, " . ")...)
	}
	return namedTypes(names)
}

func namedTypes(names []string) []*datatype {
	var types []*datatype
	for _, name := range names {
		d := datatypes[name]
		if d == nil {
			d = datatypes["symbol"]
		}
		types = append(types, d)
	}
	return types
}

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
