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
