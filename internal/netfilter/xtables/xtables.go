// Package xtables reads what iptables-save, ip6tables-save and `ipset save` print, in both variants of iptables and
// with or without counters, into the model of package netfilter.
//
// It never fails. A match that it does not know becomes an Undecided step, a target an Unclear one, a line that is
// neither a sentence among the unread: whoever follows packets then says "possibly". Each -A line gives exactly one
// rule. The meaning of every match and target is that of its kernel module (net/netfilter/xt_*.c, net/ipv4/netfilter,
// net/ipv6/netfilter); where it differs from what one would guess, a comment says so.
//
// What the options of an unknown match are cannot be known: all words up to the next -m, -j or -g are taken for them.
//
// Packets are taken to carry no IPsec (`-m policy --dir in`). Rules that hang on IPv6 extension headers are undecided
// where they could let a packet in; where they only drop or reject they are taken not to match, because whoever wants to
// get in leaves the header out.
//
// What no reading of the text can find: iptables-nft-save 1.8.9 misprints rules that nft put into its tables, or leaves
// them out, without a word. Only `nft -j list ruleset` shows them.
package xtables

import (
	"fmt"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Bounds on what is kept of a text, so that no text takes more memory than a machine has.
const (
	maxLine     = 64 << 10  // bytes; iptables-restore reads 10,240
	maxKept     = 1_000_000 // rules and chains
	maxElements = 4_000_000
	maxUnread   = 20 // sentences; the rest is counted
)

// LegacyPresent is the unread sentence for the remark of iptables-nft-save that tables of iptables-legacy exist. It is
// wrong, and to be taken out, where their save is read too.
const LegacyPresent = "the host also has tables of iptables-legacy, which are not in this text"

// Parse reads the output of iptables-save (IPv4) or ip6tables-save (IPv6). sets are those of ParseIPSet, nil where they
// are not known; a set that the rules themselves add to becomes Dynamic. The sentences tell what could not be read.
func Parse(text string, family netfilter.Family, origin netfilter.Origin, sets map[string]*netfilter.Set) ([]*netfilter.Table, []string) {
	r := &reader{family: family, origin: origin, sets: newCatalog(family, sets), chains: map[chainName]*netfilter.Chain{}}
	r.lines(text, r.readLine)
	r.finish()
	return r.tables, r.unread.sentences()
}

// reader is where in a text the reading is.
type reader struct {
	scanner
	family netfilter.Family
	origin netfilter.Origin
	sets   *catalog

	tables []*netfilter.Table
	table  *netfilter.Table // the one that is open, nil between tables
	chains map[chainName]*netfilter.Chain
	kept   int    // rules and chains so far
	words  []word // of the rule that is read; used again for the next
}

// chainName is a chain's name in its table.
type chainName struct {
	table *netfilter.Table
	name  string
}

// full tells that no more rules and chains are kept, and counts one.
func (r *reader) full() bool {
	r.kept++
	return r.kept > maxKept
}

// finish looks at what only the whole text tells.
func (r *reader) finish() {
	if r.table != nil {
		r.unread.add("the text ends inside table %s, before its COMMIT: rules may be missing", r.table.Name)
	}
	if r.kept > maxKept {
		r.unread.add("the text has %d rules and chains, of which the first %d were read", r.kept, maxKept)
	}
	for _, table := range r.tables {
		checkJumps(table)
	}
}

// checkJumps turns jumps to chains that do not exist into Unclear steps: no kernel has them, so the text is not whole.
func checkJumps(table *netfilter.Table) {
	for _, chain := range table.Chains {
		for _, rule := range chain.Rules {
			last := len(rule.Steps) - 1
			if last < 0 {
				continue
			}
			v, ok := rule.Steps[last].(netfilter.Verdict)
			if !ok || v.Kind != netfilter.Jump && v.Kind != netfilter.Goto || table.Chain(v.Chain) != nil {
				continue
			}
			reason := fmt.Sprintf("the table has no chain %q", shortened(v.Chain))
			rule.Steps[last] = netfilter.Unclear{Text: rule.Text, Reason: reason}
		}
	}
}
