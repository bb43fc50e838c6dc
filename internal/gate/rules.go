package gate

// Rules are the sentences behind the lines of the dispatch, each once, in the order of the lines.
func (d Dispatch) Rules() []RuleRef {
	seen := map[string]bool{}
	var rules []RuleRef
	take := func(r RuleRef) {
		if r.Hash != "" && !seen[r.Hash] {
			seen[r.Hash] = true
			rules = append(rules, r)
		}
	}
	for _, c := range d.chains() {
		for _, l := range c.Lines {
			take(l.Rule)
			for _, m := range l.Members {
				take(m.Rule)
			}
		}
	}
	return rules
}

// chains are the dispatch's, each once.
func (d Dispatch) chains() []*Chain {
	seen := map[*Chain]bool{nil: true}
	var chains []*Chain
	take := func(c *Chain) {
		if !seen[c] {
			seen[c] = true
			chains = append(chains, c)
		}
	}
	for _, s := range d.Segments {
		take(s.Chain)
	}
	take(d.Echo)
	take(d.Other)
	return chains
}
