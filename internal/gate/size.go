package gate

// SetMembers counts the ranges of addresses in all sets, each set once.
func (g *Gate) SetMembers() int {
	seen, members := map[string]bool{}, 0
	for _, f := range []Family{g.IPv4, g.IPv6} {
		for _, d := range []Dispatch{f.Ingress, f.Local, f.Egress} {
			for _, c := range d.chains() {
				for i := range c.Lines {
					members += c.Lines[i].newMembers(seen)
				}
			}
		}
	}
	return members
}

// newMembers counts the ranges of the line's sets that were not seen yet.
func (l *Line) newMembers(seen map[string]bool) (members int) {
	for _, s := range []AddressSet{l.Client, l.Dialled, l.Answering} {
		if !s.Any() && !seen[s.ID] {
			seen[s.ID] = true
			members += len(s.Ranges)
		}
	}
	return members
}
