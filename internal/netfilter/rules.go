package netfilter

import (
	"fmt"
	"sync/atomic"
)

// Ruleset is all rules of a host.
type Ruleset struct {
	Tables []*Table
	IPSets map[string]*Set // by name; ipset's sets belong to the kernel's whole network namespace, not to a table
	// Unread are sentences about what is not in the tables at all: a text that ended in the middle, a table that its own
	// tool refused to print. Every verdict is then only possible.
	Unread []string
}

// Table is one table of one tool.
type Table struct {
	Origin Origin
	Family Family
	Name   string
	Chains []*Chain        // in the order of the text
	Sets   map[string]*Set // named ones of nft
	// Flags that matter: "dormant" tables are not run.
	Dormant bool

	byName atomic.Pointer[map[string]*Chain] // made by the first Chain
}

// Chain is the chain with that name, nil if there is none.
func (t *Table) Chain(name string) *Chain {
	known := t.byName.Load()
	if known == nil || len(*known) != len(t.Chains) {
		made := make(map[string]*Chain, len(t.Chains))
		for _, c := range t.Chains {
			made[c.Name] = c
		}
		known = &made
		t.byName.Store(known)
	}
	return (*known)[name]
}

// ChainType is a base chain's type.
type ChainType uint8

// The chain types. Route chains are filter chains of output, after which a changed mark routes the packet anew.
const (
	FilterChain ChainType = iota
	NATChain
	RouteChain
)

// Base is what makes a chain one that a hook calls.
type Base struct {
	Hook     Hook
	Priority int
	Type     ChainType
	Policy   VerdictKind // Accept or Drop: what happens at the chain's end
	Devices  []string    // of ingress and egress
}

// Chain is a list of rules.
type Chain struct {
	Table *Table
	Name  string
	Base  *Base // nil: reached by jump and goto only
	Rules []*Rule
	// Packets and Bytes count what the policy decided, where the tool says so.
	Packets, Bytes uint64
}

// Rule is one rule: steps that are taken in order until one does not match or ends the rule.
type Rule struct {
	Chain   *Chain
	Number  int    // from 1, as the tools number rules in a chain
	Handle  uint64 // nft's handle; 0 where the text has none
	Line    int    // of the text it was read from, from 1; 0 where it has none
	Text    string // as its tool prints it, without counters: "-s 10.0.0.0/8 -j DROP", "ip saddr 10.0.0.0/8 drop"
	Comment string // of iptables' comment match or nft's comment
	Counted bool   // whether Packets and Bytes are known
	Packets uint64
	Bytes   uint64
	Steps   []Step
}

// String names the rule's place for people: "filter DOCKER-USER rule 4".
func (r *Rule) String() string {
	return fmt.Sprintf("%s %s rule %d", r.Chain.Table.Name, r.Chain.Name, r.Number)
}
