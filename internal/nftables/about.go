package nftables

import (
	"strings"
	"time"
)

// aboutName is the chain that nothing leads to. The comment of its only rule says since when the table is what it is,
// and for which gate.
const aboutName chainName = "about"

// about is what the table says of itself.
type about struct {
	since time.Time
	gate  string // gate.Hash; "" if the table does not say
}

// aboutChain makes the chain for a gate that is put in force.
func aboutChain(hash string, since time.Time) *chain {
	text := "since=" + since.UTC().Format(time.RFC3339) + " gate=" + hash
	return &chain{name: aboutName, rules: []rule{{"return", note(text)}}}
}

// about reads that chain. A chain that dockwall has not made as it is says nothing.
func (r *reading) about() (a about) {
	c := r.chains[aboutName]
	if c == nil || len(c.rules) != 1 || c.rules[0].verdict != "return" {
		return a
	}
	since, hash, found := strings.Cut(string(c.rules[0].comment), " gate=")
	since, ok := strings.CutPrefix(since, "since=")
	if at, err := time.Parse(time.RFC3339, since); found && ok && err == nil {
		return about{at, hash}
	}
	return a
}
