package nft

import (
	"strconv"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// readTable adds a table. nft 1.0.6 writes the table's name in place of each flag (json.c, table_flags_json), so that
// dormant cannot be told from owner there; a table whose flags cannot be read is said to be unread.
func (l *listing) readTable(v value) {
	family, err := netfilter.ParseFamily(v.get("family").text)
	if err != nil {
		l.note("the table %s is not read: %v", v.get("name").text, err)
		return
	}
	name := tableName{family.String(), l.keep(v.get("name").text)}
	if l.tables[name] != nil {
		l.note("the table %s %s is there twice: only the first is read", name.family, name.name)
		return
	}
	t := &netfilter.Table{Origin: netfilter.Native, Family: family, Name: name.name, Sets: map[string]*netfilter.Set{}}
	for _, flag := range v.get("flags").items() {
		switch flag.text {
		case "dormant":
			t.Dormant = true
		case "owner", "persist":
		default:
			l.note("%s", UnknownFlag(t))
		}
	}
	l.tables[name] = t
	l.order = append(l.order, t)
}

// UnknownFlag is the sentence about a table of which the listing does not say whether it is dormant.
func UnknownFlag(t *netfilter.Table) string {
	return "nft does not say in JSON whether the table " + t.Family.String() + " " + t.Name + " is dormant"
}

var chainTypes = map[string]netfilter.ChainType{
	"filter": netfilter.FilterChain, "nat": netfilter.NATChain, "route": netfilter.RouteChain,
}

func (l *listing) readChain(v value) {
	t := l.tableOf(v)
	if t == nil {
		l.note("the chain %s is not read: there is no table %s %s", v.get("name").text, v.get("family").text, v.get("table").text)
		return
	}
	c := &netfilter.Chain{Table: t, Name: l.keep(v.get("name").text)}
	if l.chains[chainName{t, c.Name}] != nil {
		l.note("the chain %s %s is there twice: only the first is read", t.Name, c.Name)
		return
	}
	l.chains[chainName{t, c.Name}] = c
	if v.has("hook") {
		c.Base = l.readBase(c, v)
	}
	t.Chains = append(t.Chains, c)
}

func (l *listing) readBase(c *netfilter.Chain, v value) *netfilter.Base {
	b := &netfilter.Base{Policy: netfilter.Accept}
	var err error
	if b.Hook, err = netfilter.ParseHook(v.get("hook").text); err != nil {
		l.note("the chain %s %s is not called by a hook: %v", c.Table.Name, c.Name, err)
		return nil
	}
	known := false
	if b.Type, known = chainTypes[v.get("type").text]; !known {
		l.note("the chain %s %s has the type %q, which dockwall does not know", c.Table.Name, c.Name, v.get("type").text)
	}
	if v.get("policy").text == "drop" {
		b.Policy = netfilter.Drop
	}
	if b.Priority, known = priority(v.get("prio"), c.Table.Family); !known {
		l.note("the chain %s %s has the priority %q, which dockwall does not know", c.Table.Name, c.Name, v.get("prio").text)
	}
	for _, device := range v.get("dev").items() {
		b.Devices = append(b.Devices, l.keep(device.text))
	}
	return b
}

// priorities are nft's names for them; those of bridge tables differ (nft(8), "STANDARD PRIORITY NAMES").
var priorities = map[string]int{
	"raw": netfilter.PriorityRaw, "mangle": netfilter.PriorityMangle, "dstnat": netfilter.PriorityDestination,
	"filter": netfilter.PriorityFilter, "security": netfilter.PrioritySecurity, "srcnat": netfilter.PrioritySource,
}

var bridgePriorities = map[string]int{"dstnat": -300, "filter": -200, "out": 100, "srcnat": 300}

// priority is a number, or one of the names that nft prints in text.
func priority(v value, f netfilter.Family) (int, bool) {
	if n, err := strconv.Atoi(v.text); err == nil {
		return n, true
	}
	names := priorities
	if f == netfilter.Bridge {
		names = bridgePriorities
	}
	n, known := names[v.text]
	return n, known
}

func (l *listing) tableOf(v value) *netfilter.Table {
	return l.tables[tableName{v.get("family").text, v.get("table").text}]
}
