package watch

import (
	"maps"
	"os"
	"slices"
)

// looks is what files were when they were looked at, by name; nil is one that is not there.
type looks map[string]os.FileInfo

func look(names []string) looks {
	l := looks{}
	for _, name := range names {
		l[name], _ = os.Stat(name) // one that cannot be looked at is none
	}
	return l
}

// differ are the names that are not what they were, in order. A name that was not looked at before was not there.
func (l looks) differ(before looks) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(l)) {
		if !same(l[name], before[name]) {
			names = append(names, name)
		}
	}
	return names
}

func same(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
