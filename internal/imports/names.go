package imports

import "slices"

// names is a set of names: those of list, or all but those. Lists are sorted.
type names struct {
	but  bool
	list []string
}

func everyName() names { return names{but: true} }

func only(list ...string) names { return names{list: sortedNames(list)} }

func allBut(list ...string) names { return names{but: true, list: sortedNames(list)} }

func sortedNames(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

func (n names) has(name string) bool {
	_, found := slices.BinarySearch(n.list, name)
	return found != n.but
}

func (n names) every() bool { return n.but && len(n.list) == 0 }

func (n names) empty() bool { return !n.but && len(n.list) == 0 }

func (n names) not() names { return names{but: !n.but, list: n.list} }

func (n names) and(m names) names {
	switch {
	case n.but && m.but:
		return allBut(slices.Concat(n.list, m.list)...)
	case n.but:
		return only(keep(m.list, n)...)
	}
	return only(keep(n.list, m)...)
}

func (n names) or(m names) names { return n.not().and(m.not()).not() }

func (n names) minus(m names) names { return n.and(m.not()) }

// keep are those of list that are in n.
func keep(list []string, n names) []string {
	var kept []string
	for _, name := range list {
		if n.has(name) {
			kept = append(kept, name)
		}
	}
	return kept
}
