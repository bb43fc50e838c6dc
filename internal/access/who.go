package access

import (
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/policy"
)

// The ends of the scale.
const (
	anyone = "any"
	nobody = "nobody"
)

// who says whom the rules, which all speak of the publication, let reach it. otherwise is what decides where none does.
func who(rules []policy.Rule, otherwise policy.Action, p Publication) string {
	if p.Loopback() {
		return nobody
	}
	var allowed, refused []clause
	if otherwise == policy.Allow {
		allowed = append(allowed, clause{text: anyone})
	}
	for _, r := range rules {
		if c := newClause(r, p); r.Action == policy.Allow {
			allowed = append(allowed, c)
		} else {
			refused = append(refused, c)
		}
	}
	if len(allowed) == 0 || slices.ContainsFunc(refused, clause.everyone) {
		return nobody
	}
	return phrase(allowed, refused)
}

// clause is the sources of one rule in words.
type clause struct {
	text   string
	narrow bool // the text has an `except`, an `on` or the like: it cannot be joined with a comma
}

func (c clause) everyone() bool { return c == clause{text: anyone} }

func newClause(r policy.Rule, p Publication) clause {
	c := clause{text: words(r.From), narrow: len(r.From.Except) > 0}
	if len(r.Within) > 0 {
		c = withinClause(c, r)
	}
	if r.Interface != "" {
		c = clause{c.text + " on " + r.Interface, true}
	}
	if at := p.At(); r.At.IsValid() && !(len(at) == 1 && at[0] == r.At) {
		c = clause{c.text + " at " + r.At.String(), true}
	}
	return c
}

// withinClause is a label's clause: what it asks for, cut down to what labels may open.
func withinClause(c clause, r policy.Rule) clause {
	within := words(policy.Peers{Items: r.Within})
	if c.everyone() {
		return clause{text: within}
	}
	return clause{c.text + " within " + within, true}
}

// words are the peers as written, with a blank behind each comma.
func words(p policy.Peers) string { return strings.ReplaceAll(p.String(), ",", ", ") }

// phrase puts it together: "office, vpn except 10.0.0.1".
func phrase(allowed, refused []clause) string {
	if slices.ContainsFunc(allowed, clause.everyone) {
		allowed = []clause{{text: anyone}}
	}
	text, narrow := join(allowed)
	if len(refused) == 0 {
		return text
	}
	but, narrowBut := join(refused)
	if narrow || narrowBut {
		return text + ", but not " + but
	}
	return text + " except " + but
}

// join puts clauses side by side, each once, the plain ones first.
func join(clauses []clause) (text string, narrow bool) {
	var plain, others []string
	seen := map[string]bool{}
	for _, c := range clauses {
		list := &plain
		if c.narrow {
			list = &others
		}
		if !seen[c.text] {
			seen[c.text] = true
			*list = append(*list, c.text)
		}
	}
	if len(plain) > 0 {
		others = append([]string{strings.Join(plain, ", ")}, others...)
		return strings.Join(others, "; "), len(others) > 1
	}
	return strings.Join(others, "; "), true
}
