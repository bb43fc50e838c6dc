package packetset

// operation is what the cache of results tells apart.
type operation int32

const (
	noOperation operation = iota
	opAnd
	opOr
	opMinus
	opPossibly
	opCertainly
	opFirst
	opMeets
	opProject // and from there one for each field
)

// result is one entry of the cache: what an operation gave for a and b.
type result struct {
	op         operation
	a, b, gave int32
}

// greatestCache bounds the cache: 2^22 entries, 64 MB. An entry that falls on another's place replaces it.
const greatestCache = 1 << 22

// combine gives up where a side has given up and the other does not decide alone.
func (s *Space) combine(op operation, a, b int32) int32 {
	if a != gaveUp && b != gaveUp {
		return s.apply(op, a, b)
	}
	switch {
	case op == opAnd && (a == none || b == none), op == opMinus && (a == none || b == all):
		return none
	case op == opOr && (a == all || b == all):
		return all
	case op == opOr && b == none, op == opAnd && b == all, op == opMinus && b == none:
		return a
	}
	return gaveUp
}

func (s *Space) apply(op operation, a, b int32) int32 {
	if r, decided := s.trivial(op, a, b); decided {
		return r
	}
	if op != opMinus && a > b {
		a, b = b, a
	}
	at := s.slot(op, a, b)
	if c := &s.cache[at]; c.op == op && c.a == a && c.b == b {
		return c.gave
	}
	r := s.descend(op, a, b)
	if r != gaveUp {
		s.cache[s.slot(op, a, b)] = result{op, a, b, r}
	}
	return r
}

// slot is a place in the cache. It changes when the cache grows.
func (s *Space) slot(op operation, a, b int32) uint32 {
	return hash(int32(op), a, b) & uint32(len(s.cache)-1)
}

// descend splits both sets at the upper of their first bits.
func (s *Space) descend(op operation, a, b int32) int32 {
	aLow, aHigh, bLow, bHigh, level := s.sides(a, b)
	low := s.apply(op, aLow, bLow)
	if low == gaveUp {
		return gaveUp
	}
	high := s.apply(op, aHigh, bHigh)
	return s.make(level, low, high)
}

// sides are the halves of both sets below the upper of their first bits.
func (s *Space) sides(a, b int32) (aLow, aHigh, bLow, bHigh, level int32) {
	x, y := &s.nodes[a], &s.nodes[b]
	level = min(x.level, y.level)
	aLow, aHigh, bLow, bHigh = a, a, b, b
	if x.level == level {
		aLow, aHigh = x.low, x.high
	}
	if y.level == level {
		bLow, bHigh = y.low, y.high
	}
	return aLow, aHigh, bLow, bHigh, level
}

func (s *Space) trivial(op operation, a, b int32) (r int32, decided bool) {
	switch op {
	case opAnd:
		return trivialAnd(a, b)
	case opOr:
		return trivialOr(a, b)
	case opFirst:
		return s.trivialFirst(a, b)
	}
	switch {
	case a == none || b == all || a == b:
		return none, true
	case b == none:
		return a, true
	}
	return 0, false
}

func trivialAnd(a, b int32) (r int32, decided bool) {
	switch {
	case a == none || b == none:
		return none, true
	case a == all || a == b:
		return b, true
	case b == all:
		return a, true
	}
	return 0, false
}

func trivialOr(a, b int32) (r int32, decided bool) {
	switch {
	case a == all || b == all:
		return all, true
	case a == none || a == b:
		return b, true
	case b == none:
		return a, true
	}
	return 0, false
}
