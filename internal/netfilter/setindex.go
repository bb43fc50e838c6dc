package netfilter

// Find is the element that holds a key, nil if none does. names stand where the set's fields are interfaces ("" for
// other places), and may be nil where none is. An Except that holds the key, however wide others are, means none.
func (s *Set) Find(key []Number, names []string) *Element {
	var found *Element
	for i := range s.Elements {
		e := &s.Elements[i]
		if !e.holds(key, names) {
			continue
		}
		if e.Except {
			return nil
		}
		if found == nil {
			found = e
		}
	}
	return found
}

func (e *Element) holds(key []Number, names []string) bool {
	for i, r := range e.Key {
		if r == nil {
			if !e.Interfaces[i].Fits(names[i]) {
				return false
			}
		} else if !r.Contains(key[i]) {
			return false
		}
	}
	return true
}
