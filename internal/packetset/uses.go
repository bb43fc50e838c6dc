package packetset

// Use is what a list of boxes leaves for each of them to do.
type Use struct {
	// First: some packet that fits the box fits none before that decides.
	First bool
	// Needed: to some such packet the next box that fits, or the end, would do something else.
	Needed bool
}

// Uses tells for each box of a list what it is good for, by its index. end is the outcome where no box fits. What open
// boxes would do is not known: they are First where they can be, and any box before them is Needed.
func (d *Decider) Uses(list []int32, end int) []Use {
	u := uses{Decider: d, end: end, found: make([]Use, len(d.boxes)), seen: map[partKey]bool{}}
	u.visit(part{}, list)
	return u.found
}

type uses struct {
	*Decider
	end   int
	found []Use
	seen  map[partKey]bool
}

func (u *uses) visit(p part, list []int32) {
	if p.column == len(u.columns) {
		u.note(list)
		return
	}
	mark := len(u.scratch)
	defer func() { u.scratch = u.scratch[:mark] }()
	list, covering := u.trim(p, list, true)
	if len(list) == 0 {
		return
	}
	if len(list) >= worthKnowing {
		key := partKey{p.column, p.at, p.base, u.intern(list)}
		if u.seen[key] {
			return
		}
		u.seen[key] = true
	}
	if covering == len(list) {
		u.visit(part{column: p.column + 1}, list)
		return
	}
	low, high := u.halves(p)
	u.visit(low, list)
	u.visit(high, list)
}

// note looks at boxes that all fit the same packets.
func (u *uses) note(list []int32) {
	for at, i := range list {
		u.found[i].First = true
		if u.boxes[i].Open {
			continue
		}
		next := u.end
		if at+1 < len(list) {
			next = u.boxes[list[at+1]].Outcome
		}
		if at+1 < len(list) && u.boxes[list[at+1]].Open || next != u.boxes[i].Outcome {
			u.found[i].Needed = true
		}
		return
	}
}
