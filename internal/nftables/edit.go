package nftables

import (
	"fmt"
	"slices"
	"strings"
)

// edit is a transaction in the making. Its parts are in the order in which nft and the kernel can take them: what is
// new is defined before anything leads to it, and what goes is led to by nothing any more. New chains come before new
// sets because nft sends the elements of a new set with its definition.
type edit struct {
	newChains, newSets            []string
	deleted, added                []string // rules and elements
	flushed, goneSets, goneChains []string
	counts                        []tally
}

// tally is how many things of one kind are new and gone.
type tally struct {
	thing     string
	new, gone int
}

func (e *edit) lines() []string {
	return slices.Concat(e.newChains, e.newSets, e.deleted, e.added, e.flushed, e.goneSets, e.goneChains)
}

// text is the transaction. Its first line wakes a table that was switched off.
func (e *edit) text() string {
	return "add table " + tableName + "\n" + strings.Join(e.lines(), "\n") + "\n"
}

// count notes how many things of a kind an edit makes and removes.
func (e *edit) count(thing string, added, gone int) {
	if i := slices.IndexFunc(e.counts, func(t tally) bool { return t.thing == thing }); i >= 0 {
		e.counts[i].new += added
		e.counts[i].gone += gone
		return
	}
	e.counts = append(e.counts, tally{thing, added, gone})
}

// summary says for people what the transaction does.
func (e *edit) summary() string {
	var parts []string
	for _, t := range e.counts {
		parts = append(parts, amount(t.new, t.thing, "new"), amount(t.gone, t.thing, "gone"))
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	if len(parts) == 0 {
		return "nothing but the note since when"
	}
	return strings.Join(parts, ", ")
}

// amount is "3 chains new"; "" for none.
func amount(n int, thing, fate string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 " + thing + " " + fate
	}
	return fmt.Sprintf("%d %ss %s", n, thing, fate)
}

// about makes the note since when the table is what it is anew.
func (e *edit) about(c *chain) {
	e.define(c)
	e.added = append(e.added,
		fmt.Sprintf("flush chain %s %s", tableName, c.name),
		fmt.Sprintf("add rule %s %s %s", tableName, c.name, c.rules[0]))
}
