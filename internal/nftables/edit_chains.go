package nftables

import (
	"fmt"
	"maps"
	"slices"
)

// chains edits the chains but about.
func (e *edit) chains(want []*chain, shown, have *reading) {
	known := map[chainName]bool{aboutName: true}
	for _, c := range want {
		known[c.name] = true
		h := have.chains[c.name]
		switch {
		case h == nil:
			e.count("chain", 1, 0)
			e.define(c)
			h = &chainReading{}
		case h.policy != shown.chains[c.name].policy:
			e.count("hook policy", 1, 0)
			e.define(c)
		}
		e.rules(c, shown.chains[c.name].rules, h.rules)
	}
	for _, name := range slices.Sorted(maps.Keys(have.chains)) {
		if !known[name] {
			e.count("chain", 0, 1)
			e.count("rule", 0, len(have.chains[name].rules))
			e.flushed = append(e.flushed, fmt.Sprintf("flush chain %s %s", tableName, name))
			e.goneChains = append(e.goneChains, fmt.Sprintf("delete chain %s %s", tableName, name))
		}
	}
}

func (e *edit) define(c *chain) {
	line := fmt.Sprintf("add chain %s %s", tableName, c.name)
	if c.hook != "" {
		line += " { " + c.hook + " }"
	}
	e.newChains = append(e.newChains, line)
}

// rules edits the rules of one chain. What is new goes before the next rule that stays, or to the end.
func (e *edit) rules(c *chain, shown, have []ruleReading) {
	stays := make([]bool, len(have))
	place := fmt.Sprintf("add rule %s %s", tableName, c.name)
	var added []string
	for i, at := range slices.Backward(common(shown, have)) {
		if at < 0 {
			added = append(added, place+" "+c.rules[i].String())
			continue
		}
		stays[at] = true
		place = fmt.Sprintf("insert rule %s %s handle %d", tableName, c.name, have[at].handle)
	}
	slices.Reverse(added)
	e.added = append(e.added, added...)
	gone := 0
	for i, r := range have {
		if !stays[i] {
			gone++
			e.deleted = append(e.deleted, fmt.Sprintf("delete rule %s %s handle %d", tableName, c.name, r.handle))
		}
	}
	e.count("rule", len(added), gone)
}
