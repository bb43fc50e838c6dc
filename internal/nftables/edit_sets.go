package nftables

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// sets edits the sets.
func (e *edit) sets(want []*set, have *reading) {
	known := map[setName]bool{}
	for _, s := range want {
		known[s.name] = true
		h := have.sets[s.name]
		if h == nil {
			e.count("set", 1, 0)
			e.newSets = append(e.newSets, fmt.Sprintf("add %s %s %s { %s }", s.keyword(), tableName, s.name, s.definition()))
			h = &setReading{}
		}
		e.elements(s, h.elements)
	}
	for _, name := range slices.Sorted(maps.Keys(have.sets)) {
		if flags := have.sets[name].flags; !known[name] && flags&setAnonymous == 0 {
			e.count("set", 0, 1)
			e.goneSets = append(e.goneSets, fmt.Sprintf("delete %s %s %s", keyword(flags), tableName, name))
		}
	}
}

func keyword(flags uint32) string {
	if flags&setMap != 0 {
		return "map"
	}
	return "set"
}

// elements edits the elements of one set. An element whose comment or verdict changes goes and comes again.
func (e *edit) elements(s *set, have []elementReading) {
	var gone, added []element
	want := s.elements
	for len(want) > 0 || len(have) > 0 {
		switch {
		case len(have) == 0 || len(want) > 0 && want[0].first < have[0].first:
			added = append(added, want[0])
			want = want[1:]
		case len(want) == 0 || have[0].first < want[0].first:
			gone = append(gone, have[0].element)
			have = have[1:]
		default:
			if !want[0].same(have[0].element) {
				gone, added = append(gone, have[0].element), append(added, want[0])
			}
			want, have = want[1:], have[1:]
		}
	}
	e.count("element", len(added), len(gone))
	e.deleted = appendElements(e.deleted, "delete", s, gone, s.keys)
	e.added = appendElements(e.added, "add", s, added, s.text)
}

// same tells whether two elements do the same for the same rule.
func (e element) same(other element) bool {
	return e.first == other.first && e.last == other.last && e.verdict == other.verdict &&
		e.comment.identity() == other.comment.identity()
}

func appendElements(lines []string, verb string, s *set, elements []element, text func(element) string) []string {
	if len(elements) == 0 {
		return lines
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s element %s %s {\n", verb, tableName, s.name)
	s.list(&b, elements, "\t", text)
	return append(lines, b.String()+"}")
}
