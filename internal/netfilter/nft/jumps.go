package nft

import "github.com/dockwall/dockwall/internal/netfilter"

// checkJumps looks for jumps to chains that are not there. No kernel has them, so the listing is not whole.
func (l *listing) checkJumps() {
	for _, t := range l.order {
		for _, set := range t.Sets {
			l.checkMap(t, set)
		}
		for _, c := range t.Chains {
			for _, r := range c.Rules {
				l.checkRule(t, r)
			}
		}
	}
}

func (l *listing) checkRule(t *netfilter.Table, r *netfilter.Rule) {
	for i, step := range r.Steps {
		switch s := step.(type) {
		case netfilter.Verdict:
			if !l.reaches(t, s) {
				r.Steps[i] = netfilter.Unclear{Text: verdictText(s), Reason: "there is no such chain"}
			}
		case netfilter.VerdictMap:
			if s.Set.Name == "" {
				l.checkMap(t, s.Set)
			}
		}
	}
}

func (l *listing) checkMap(t *netfilter.Table, set *netfilter.Set) {
	for _, e := range set.Elements {
		if e.Verdict != nil && !l.reaches(t, *e.Verdict) {
			set.Unclear = "it leads to the chain " + e.Verdict.Chain + ", which is not there"
		}
	}
}

func (l *listing) reaches(t *netfilter.Table, v netfilter.Verdict) bool {
	return v.Kind != netfilter.Jump && v.Kind != netfilter.Goto || l.chains[chainName{t, v.Chain}] != nil
}
