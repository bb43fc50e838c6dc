package xtables

import (
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// readLine takes one line of iptables-save.
func (r *reader) readLine(line string) {
	switch {
	case line[0] == '#':
		r.comment(line)
	case line[0] == '*':
		r.openTable(line[1:])
	case line == "COMMIT":
		r.table = nil
	case r.table == nil:
		r.misread(line, "stands in no table")
	case line[0] == ':':
		r.declare(line[1:])
	case line[0] == '[' || strings.HasPrefix(line, "-A ") || strings.HasPrefix(line, "--append "):
		r.appendRule(line)
	default:
		r.misread(line, "is not what iptables-save prints")
	}
}

// comment takes the remarks in which iptables-nft-save tells what it leaves out (xtables-save.c):
//
//	# Warning: iptables-legacy tables present, use iptables-legacy-save to see them
//	# Table `filter' is incompatible, use 'nft' tool.
//	# Table `foo' contains incompatible base-chains, use 'nft' tool to list them.
func (r *reader) comment(line string) {
	switch {
	case strings.Contains(line, "legacy tables present"):
		r.unread.add(LegacyPresent)
	case strings.Contains(line, "use 'nft' tool"):
		r.unread.add("line %d: iptables-save did not print all of a table: %s", r.line, shortened(strings.TrimLeft(line, "# ")))
	}
}

// place is where a table's built-in chain is called.
type place struct {
	hook     netfilter.Hook
	priority int
	kind     netfilter.ChainType
}

// tables are the kernel's, with their built-in chains (iptable_*.c; the same in ip6table_*.c and in iptables-nft).
var tables = map[string]map[string]place{
	"raw": {
		"PREROUTING": {netfilter.Prerouting, netfilter.PriorityRaw, netfilter.FilterChain},
		"OUTPUT":     {netfilter.Output, netfilter.PriorityRaw, netfilter.FilterChain},
	},
	"mangle": {
		"PREROUTING":  {netfilter.Prerouting, netfilter.PriorityMangle, netfilter.FilterChain},
		"INPUT":       {netfilter.Input, netfilter.PriorityMangle, netfilter.FilterChain},
		"FORWARD":     {netfilter.Forward, netfilter.PriorityMangle, netfilter.FilterChain},
		"OUTPUT":      {netfilter.Output, netfilter.PriorityMangle, netfilter.RouteChain},
		"POSTROUTING": {netfilter.Postrouting, netfilter.PriorityMangle, netfilter.FilterChain},
	},
	"nat": {
		"PREROUTING":  {netfilter.Prerouting, netfilter.PriorityDestination, netfilter.NATChain},
		"INPUT":       {netfilter.Input, netfilter.PrioritySource, netfilter.NATChain},
		"OUTPUT":      {netfilter.Output, netfilter.PriorityDestination, netfilter.NATChain},
		"POSTROUTING": {netfilter.Postrouting, netfilter.PrioritySource, netfilter.NATChain},
	},
	"filter":   threeHooks(netfilter.PriorityFilter),
	"security": threeHooks(netfilter.PrioritySecurity),
}

func threeHooks(priority int) map[string]place {
	return map[string]place{
		"INPUT":   {netfilter.Input, priority, netfilter.FilterChain},
		"FORWARD": {netfilter.Forward, priority, netfilter.FilterChain},
		"OUTPUT":  {netfilter.Output, priority, netfilter.FilterChain},
	}
}

// openTable begins a table. One that stands in the text twice is read into one, and said: only a text put together by
// hand has that, and restoring it would keep the second alone.
func (r *reader) openTable(name string) {
	if r.table != nil {
		r.unread.add("line %d: table %s begins before the COMMIT of table %s", r.line, shortened(name), r.table.Name)
	}
	for _, t := range r.tables {
		if t.Name == name {
			r.unread.add("line %d: table %s stands in the text twice", r.line, name)
			r.table = t
			return
		}
	}
	if tables[name] == nil {
		r.misread("*"+name, "begins a table that iptables does not have")
		name = shortened(name)
	}
	r.table = &netfilter.Table{Origin: r.origin, Family: r.family, Name: name}
	r.tables = append(r.tables, r.table)
}

// declare takes ":INPUT ACCEPT [0:0]" without its colon. User chains have the policy "-".
func (r *reader) declare(text string) {
	fields := strings.Fields(text)
	if len(fields) < 2 || len(fields) > 3 {
		r.misread(":"+text, "declares no chain")
		return
	}
	if r.full() {
		return
	}
	chain := r.chain(fields[0])
	if len(fields) == 3 {
		chain.Packets, chain.Bytes, _ = counters(fields[2])
	}
	if fields[1] == "-" {
		return
	}
	at, builtIn := tables[r.table.Name][fields[0]]
	policy := map[string]netfilter.VerdictKind{"ACCEPT": netfilter.Accept, "DROP": netfilter.Drop}[fields[1]]
	if !builtIn || policy == netfilter.Continue {
		r.misread(":"+text, "gives a policy that the chain cannot have")
		return
	}
	chain.Base = &netfilter.Base{Hook: at.hook, Priority: r.priority(at.priority), Type: at.kind, Policy: policy}
}

// priority is where the chain runs: iptables-nft has its security table at 150 (iptables/nft.c, xtables_ipv4), not where
// the kernel has its own.
func (r *reader) priority(legacy int) int {
	const nftSecurity = 150
	if r.origin == netfilter.XtablesNFT && legacy == netfilter.PrioritySecurity {
		return nftSecurity
	}
	return legacy
}

// chain is the open table's chain of that name, made where there is none.
func (r *reader) chain(name string) *netfilter.Chain {
	place := chainName{r.table, name}
	chain := r.chains[place]
	if chain == nil {
		chain = &netfilter.Chain{Table: r.table, Name: name}
		r.chains[place] = chain
		r.table.Chains = append(r.table.Chains, chain)
	}
	return chain
}

// counters reads "[packets:bytes]".
func counters(text string) (packets, bytes uint64, ok bool) {
	text, opened := strings.CutPrefix(text, "[")
	text, closed := strings.CutSuffix(text, "]")
	first, second, both := strings.Cut(text, ":")
	packets, err := strconv.ParseUint(first, 10, 64)
	if err == nil {
		bytes, err = strconv.ParseUint(second, 10, 64)
	}
	return packets, bytes, opened && closed && both && err == nil
}
