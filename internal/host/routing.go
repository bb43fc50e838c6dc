package host

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// Routing is what decides about a packet's way beside the unicast routes of the main table, which a Host has.
type Routing struct {
	Rules  []RoutingRule `json:"rules,omitempty"`  // `ip rule`, in their order
	Routes []TableRoute  `json:"routes,omitempty"` // of other tables, and those that are not unicast
	// Unlisted tells that rules are known and routes are not.
	Unlisted bool `json:"unlisted,omitempty"`
}

// RoutingRule sends some packets to a table: those that everything in it fits. An empty field fits all packets.
type RoutingRule struct {
	IPv6        bool         `json:"ipv6,omitempty"`
	Priority    int          `json:"priority"` // lower is asked first
	Source      netip.Prefix `json:"source,omitzero"`
	Destination netip.Prefix `json:"destination,omitzero"`
	Mark        uint32       `json:"mark,omitempty"` // of the packet, under Mask
	Mask        uint32       `json:"mask,omitempty"` // 0: no mark is asked for
	In          string       `json:"in,omitempty"`
	Out         string       `json:"out,omitempty"`
	Invert      bool         `json:"invert,omitempty"` // packets that it does not fit
	Table       int          `json:"table,omitempty"`
	Action      string       `json:"action,omitempty"` // "": look in the table; "unreachable", "prohibit", "blackhole", "goto"
	// More are conditions that are not told in the other fields: ports, users, suppressed prefixes.
	More string `json:"more,omitempty"`
}

// TableRoute is a route of a table of any number, of any type.
type TableRoute struct {
	Route
	Table int    `json:"table"`
	Type  string `json:"type"` // "unicast", "blackhole", "unreachable", "prohibit", "throw", "local", ...
}

// Plain tells whether the rules are those that every Linux starts with, and nothing but unicast routes of the main table
// decides.
func (r *Routing) Plain() bool {
	return len(r.Routes) == 0 && !slices.ContainsFunc(r.Rules, func(r RoutingRule) bool {
		usual := map[int]int{0: unix.RT_TABLE_LOCAL, 32766: unix.RT_TABLE_MAIN, 32767: unix.RT_TABLE_DEFAULT}
		plain := RoutingRule{IPv6: r.IPv6, Priority: r.Priority, Table: usual[r.Priority]}
		return r != plain || r.Table == 0
	})
}

// sort keeps rules of one priority as they are: the kernel asks the older first.
func (r *Routing) sort() {
	slices.SortStableFunc(r.Rules, func(a, b RoutingRule) int {
		return cmp.Or(cmp.Compare(strconv.FormatBool(a.IPv6), strconv.FormatBool(b.IPv6)), cmp.Compare(a.Priority, b.Priority))
	})
	slices.SortFunc(r.Routes, func(a, b TableRoute) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), a.Route.compare(b.Route), cmp.Compare(a.Type, b.Type))
	})
}
