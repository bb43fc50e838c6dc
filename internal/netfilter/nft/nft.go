// Package nft reads `nft -j list ruleset` (libnftables-json(5), schema version 1) into package netfilter's model.
//
// nft leaves out of its listing what a statement needs anyway: `tcp dport 80` means that the protocol is tcp, and in an
// inet table `ip saddr 10.0.0.1` that the packet is IPv4. The kernel tests these first, and so does the model: they
// stand before the match as Tests of their own.
//
// Bounded memory: the text is walked entry by entry, and nothing that it can hold grows a Ruleset beyond a small
// multiple of its own size.
package nft

import (
	"fmt"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// Parse reads a listing into its tables, in its order. The sentences say what is not in them.
func Parse(json []byte) ([]*netfilter.Table, []string) {
	l := &listing{scanner: scanner{text: string(json)}, words: map[string]string{},
		tables: map[tableName]*netfilter.Table{}, chains: map[chainName]*netfilter.Chain{}}
	if len(strings.TrimSpace(l.scanner.text)) == 0 {
		return nil, nil
	}
	if err := l.entries(); err != nil {
		l.note("the listing of nft cannot be read to its end: %v", err)
	}
	l.readSets()
	l.readRules()
	l.checkJumps()
	return l.order, l.unread
}

// tableName is a table's place: one name can stand in several families.
type tableName struct{ family, name string }

type chainName struct {
	table *netfilter.Table
	name  string
}

// listing is the state of one Parse.
type listing struct {
	scanner scanner
	tables  map[tableName]*netfilter.Table
	chains  map[chainName]*netfilter.Chain
	order   []*netfilter.Table
	words   map[string]string // strings that the model keeps, so that it does not hold the whole text
	sets    []int             // where the objects of sets and maps begin
	rules   []int             // and those of rules
	unread  []string
	// The rule that is read: what stands beside its statements, and these. Their memory is used for all rules.
	head       value
	statements []value
}

// maxUnread bounds the sentences about a text that is no listing.
const maxUnread = 50

func (l *listing) note(format string, args ...any) {
	switch {
	case len(l.unread) < maxUnread:
		l.unread = append(l.unread, fmt.Sprintf(format, args...))
	case len(l.unread) == maxUnread:
		l.unread = append(l.unread, "and more that is not told here")
	}
}

// keep is a copy of a string that does not hold on to the text.
func (l *listing) keep(s string) string {
	if k, ok := l.words[s]; ok {
		return k
	}
	k := strings.Clone(s)
	l.words[k] = k
	return k
}

// entries walks the top: {"nftables": [entry, ...]}. Tables and chains are read, sets and rules are found: they may
// speak of what comes later.
func (l *listing) entries() error {
	found := false
	err := l.scanner.members(func(key string) error {
		if key != "nftables" {
			return l.scanner.skip()
		}
		found = true
		return l.scanner.elements(func() error { return l.scanner.members(l.entry) })
	})
	if err == nil && !found {
		err = fmt.Errorf(`there is no "nftables" in it`)
	}
	return err
}

func (l *listing) entry(kind string) error {
	switch kind {
	case "table", "chain":
		l.scanner.forget()
		object, err := l.scanner.value()
		if err != nil {
			return err
		}
		if kind == "table" {
			l.readTable(object)
		} else {
			l.readChain(object)
		}
		return nil
	case "set", "map":
		l.sets = append(l.sets, l.scanner.at)
	case "rule":
		l.rules = append(l.rules, l.scanner.at)
	}
	return l.scanner.skip() // metainfo, and objects that rules only name: counters, quotas, limits, helpers, flowtables
}
