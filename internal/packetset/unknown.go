package packetset

// Undecided is a set of which is not known who is in it: a fresh unknown, independent of all others. The text says what
// is not known.
func (s *Space) Undecided(text string) Set {
	level := s.unknownsFrom() + int32(len(s.unknowns))
	s.unknowns = append(s.unknowns, text)
	return Set{s, s.make(level, none, all)}
}

// Certainly are the packets that are in the set whatever the unknowns are.
func (a Set) Certainly() Set { return a.quantified(opCertainly) }

// Possibly are the packets that are in the set for some value of the unknowns.
func (a Set) Possibly() Set { return a.quantified(opPossibly) }

func (a Set) quantified(op operation) Set {
	r := a.node
	if r != gaveUp {
		r = a.space.quantify(op, r)
	}
	switch {
	case r == gaveUp && op == opPossibly:
		return a.space.All()
	case r == gaveUp:
		return a.space.None()
	}
	return Set{a.space, r}
}

// quantify replaces what is below the fields: unknowns are the lowest variables, so a node of one is neither none nor all.
func (s *Space) quantify(op operation, a int32) int32 {
	n := s.nodes[a]
	switch {
	case !n.doubtful:
		return a
	case n.level >= s.unknownsFrom() && op == opPossibly:
		return all
	case n.level >= s.unknownsFrom():
		return none
	}
	if c := &s.cache[s.slot(op, a, 0)]; c.op == op && c.a == a && c.b == 0 {
		return c.gave
	}
	r := s.make(n.level, s.quantify(op, n.low), s.quantify(op, n.high))
	s.cache[s.slot(op, a, 0)] = result{op, a, 0, r}
	return r
}

// Unknowns are the texts of the unknowns that the set hangs on, in the order they were met.
func (a Set) Unknowns() []string {
	asked := map[int32]bool{}
	a.space.collect(a.node, map[int32]bool{}, asked)
	var texts []string
	for i, text := range a.space.unknowns {
		if asked[a.space.unknownsFrom()+int32(i)] {
			texts = append(texts, text)
		}
	}
	return texts
}

// collect notes the levels of unknowns below a node.
func (s *Space) collect(a int32, seen, asked map[int32]bool) {
	n := s.nodes[a]
	if seen[a] || !n.doubtful {
		return
	}
	seen[a] = true
	if n.level >= s.unknownsFrom() {
		asked[n.level] = true
	}
	s.collect(n.low, seen, asked)
	s.collect(n.high, seen, asked)
}
