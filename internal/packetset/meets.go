package packetset

// Meets tells whether some packet is possibly in both sets. It makes no set, and ends with the first packet that it finds.
func (a Set) Meets(b Set) bool {
	if a.node == gaveUp || b.node == gaveUp {
		return a.node != none && b.node != none
	}
	return a.space.meets(a.node, b.node)
}

func (s *Space) meets(a, b int32) bool {
	switch {
	case a == none || b == none:
		return false
	case a == all || b == all || a == b:
		return true
	}
	a, b = min(a, b), max(a, b)
	if c := &s.cache[s.slot(opMeets, a, b)]; c.op == opMeets && c.a == a && c.b == b {
		return false // only pairs that do not meet are remembered: the first that do end the search
	}
	aLow, aHigh, bLow, bHigh, _ := s.sides(a, b)
	if s.meets(aLow, bLow) || s.meets(aHigh, bHigh) {
		return true
	}
	s.cache[s.slot(opMeets, a, b)] = result{opMeets, a, b, none}
	return false
}
