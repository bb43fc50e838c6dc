package nftables

import (
	"slices"
	"strings"
)

// repairable tells whether the installed table can become the wanted one by edits. Not so if it has a chain or a set of
// the wanted name that is something else, or what cannot be named in an edit.
func repairable(t *table, shown, have *reading) bool {
	for _, c := range t.chains {
		if h := have.chains[c.name]; h != nil && h.hook != shown.chains[c.name].hook {
			return false
		}
	}
	for _, s := range t.sets {
		h := have.sets[s.name]
		if h != nil && (h.flags != shown.sets[s.name].flags || h.shape != shown.sets[s.name].shape || !s.nameable(h)) {
			return false
		}
	}
	return nameable(have)
}

// nameable tells whether the set's installed elements can be written in an edit.
func (s *set) nameable(have *setReading) bool {
	return s.kind != interfaces || !slices.ContainsFunc(have.elements, func(e elementReading) bool {
		_, err := interfaceText(strings.TrimRight(string(e.first), "\x00"))
		return err != nil
	})
}

// nameable tells whether the installed chains and sets can be written in an edit: others than dockwall may have made
// some. A name that nft would take for a word of its own is refused by it, with nothing changed.
func nameable(r *reading) bool {
	for name := range r.chains {
		if admitted(string(name), "", len(name)) != string(name) {
			return false
		}
	}
	for name, s := range r.sets {
		if s.flags&setAnonymous == 0 && admitted(string(name), "", len(name)) != string(name) {
			return false
		}
	}
	return true
}
