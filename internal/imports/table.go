package imports

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// table is the filter table of one family.
type table struct {
	chains map[string]*chain
	names  []string // of chains, in the order they came
}

// chain is one chain. DOCKER-USER is always there, mentioned or not.
type chain struct {
	rules     []*rule
	made      bool // by Docker, or by the text
	mentioned bool // the text says something about it
	flushed   bool // the text empties it, so that nothing from before is left
}

// rule is one rule as written.
type rule struct {
	line    int
	words   []string // without command and chain
	unknown string   // a part of it whose value is not known
	saved   bool     // from iptables-save, not from a script

	appended bool // behind what was there
}

func newTable() *table {
	t := &table{chains: map[string]*chain{}}
	t.chain(chainName).made = true
	return t
}

func (t *table) chain(name string) *chain {
	c := t.chains[name]
	if c == nil {
		c = &chain{}
		t.chains[name] = c
		t.names = append(t.names, name)
	}
	return c
}

// has tells whether the text makes a chain, or puts rules into one.
func (t *table) has(name string) bool {
	c := t.chains[name]
	return c != nil && (c.made || len(c.rules) > 0)
}

// command plays one order; failed is what iptables itself would refuse, which is no error here.
func (r *reading) command(f family, o order) (status, error) {
	p := o.parse()
	if p.table != "filter" {
		if strings.IndexByte("AIR", p.action) >= 0 && !o.saved {
			r.notCarried(o.line, fmt.Sprintf("only the filter table's %s is read, and this is the table %s", chainName, p.table))
		}
		return succeeded, nil
	}
	if p.chain == "" {
		if p.action == 'F' {
			r.tables[f].flushAll()
		}
		return succeeded, nil
	}
	if r.rules++; r.rules > mostRules {
		return failed, fmt.Errorf("the text has more than %d rules: give only the %s chain", mostRules, chainName)
	}
	st := r.tables[f].play(p)
	if st == failed && (p.action == 'I' || p.action == 'R' || p.action == 'D' && p.number > 0) {
		r.notCarried(o.line, fmt.Sprintf("as far as the text goes, %s has no rule at that place", printable(p.chain)))
	}
	return st, nil
}

// doubtful reports an order that may have been given or not.
func (r *reading) doubtful(line int, words []string, why string) {
	p := order{line: line, words: words}.parse()
	if p.table == "filter" && strings.IndexByte("AIDRF", p.action) >= 0 && p.action != 0 {
		r.notCarried(line, why)
	}
}

func (t *table) flushAll() {
	for _, c := range t.chains {
		c.rules, c.flushed = nil, true
	}
}

func (t *table) play(p parsed) status {
	existed := t.chains[p.chain] != nil
	c := t.chain(p.chain)
	c.mentioned = true
	switch p.action {
	case 'A':
		p.rule.appended = true
		c.rules = append(c.rules, &p.rule)
	case 'I':
		return c.insert(max(p.number, 1)-1, &p.rule)
	case 'R':
		return c.replace(p.number-1, &p.rule)
	case 'D':
		return c.remove(c.index(p))
	case 'C':
		if c.index(p) < 0 {
			return failed
		}
	case 'F', 'X':
		c.rules, c.flushed = nil, true
	case 'N':
		made := c.made || existed
		c.made = true
		if made {
			return failed
		}
	}
	return succeeded
}

func (c *chain) insert(at int, r *rule) status {
	if at > len(c.rules) {
		return failed
	}
	c.rules = slices.Insert(c.rules, at, r)
	return succeeded
}

func (c *chain) replace(at int, r *rule) status {
	if at < 0 || at >= len(c.rules) {
		return failed
	}
	c.rules[at] = r
	return succeeded
}

func (c *chain) remove(at int) status {
	if at < 0 || at >= len(c.rules) {
		return failed
	}
	c.rules = slices.Delete(c.rules, at, at+1)
	return succeeded
}

// index is the place of the rule that an order names by its number or its words, -1 where there is none.
func (c *chain) index(p parsed) int {
	if p.number > 0 {
		return p.number - 1
	}
	return slices.IndexFunc(c.rules, func(r *rule) bool { return slices.Equal(r.words, p.rule.words) })
}

// errUnfinished is a saved line that ends inside a quote.
var errUnfinished = errors.New("the line ends inside a quote")
