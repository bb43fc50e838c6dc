package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Difference is one exposure of a host before and after something changes.
type Difference struct {
	Exposure          // without Access
	Before   []Access // none: nobody
	After    []Access

	everywhere scope
}

// scope is where clients can come from at all: the interfaces of the host, and the families in which anything is reached.
type scope struct{ interfaces, families []string }

// Compare says of every exposure in either of two reports on the same containers who reaches it before and after.
func Compare(before, after *Report) []Difference {
	var all []Difference
	everywhere := scope{after.Interfaces, familiesOf(before, after)}
	places := map[string]int{}
	at := func(e Exposure) *Difference {
		key := e.identity()
		if _, known := places[key]; !known {
			places[key] = len(all)
			d := Difference{Exposure: e, everywhere: everywhere.at(e.Addresses)}
			d.Access = nil
			all = append(all, d)
		}
		return &all[places[key]]
	}
	for _, e := range after.Exposed {
		at(e).After = e.Access
	}
	for _, e := range before.Exposed {
		at(e).Before = e.Access
	}
	return all
}

// at is the scope of what is published at those addresses of the host only; none: at all.
func (s scope) at(addresses []string) scope {
	families := map[string]bool{}
	for _, a := range addresses {
		families[map[bool]string{true: "IPv6", false: "IPv4"}[strings.Contains(a, ":")]] = true
	}
	if len(families) > 0 {
		s.families = slices.Sorted(maps.Keys(families))
	}
	return s
}

func familiesOf(reports ...*Report) []string {
	var all []string
	for _, r := range reports {
		for _, e := range r.Exposed {
			for _, a := range e.Access {
				all = append(all, a.Family)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// identity is what an exposure is known by. The ports of a container's own addresses are those that are open, and differ.
func (e *Exposure) identity() string {
	if e.Direct {
		return fmt.Sprintf("direct %q %q", e.Container, e.Name)
	}
	return fmt.Sprintf("published %q %q %q %q %q", e.Container, e.Name, e.Ports, e.Leads, e.Addresses)
}

// Change is how one kind of client fares.
type Change struct {
	Where  string `json:"where,omitempty"` // "over IPv6, by docker-proxy, on eno1"; "": over all families, ways and interfaces
	Before string `json:"before"`          // clients in words, as in Access.From
	After  string `json:"after"`
}

// place is by which way, in which family and on which interface clients come.
type place struct {
	way        Way
	family, in string
}

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.way.order(), o.way.order()), cmp.Compare(p.family, o.family), cmp.Compare(p.in, o.in))
}

// byPlace has each access at the places that it speaks of.
func byPlace(all []Access) map[place]*Access {
	out := map[place]*Access{}
	for i := range all {
		for _, in := range all[i].Interfaces {
			out[place{all[i].Way, all[i].Family, in}] = &all[i]
		}
	}
	return out
}

// Changes are what differs; none: nothing does.
func (d *Difference) Changes() []Change {
	before, after := byPlace(d.Before), byPlace(d.After)
	places := slices.SortedFunc(maps.Keys(merged(before, after)), place.compare)
	changed := slices.DeleteFunc(slices.Clone(places), func(p place) bool { return before[p].same(after[p]) })
	rows := groups(changed, before, after)
	if len(changed) == len(places) && d.everywhere.alike(rows) {
		return []Change{{Before: rows[0].Before, After: rows[0].After}}
	}
	var all []Change
	for _, g := range rows {
		all = append(all, Change{g.where(d.everywhere), g.Before, g.After})
	}
	return all
}

func merged(before, after map[place]*Access) map[place]*Access {
	all := maps.Clone(before)
	maps.Copy(all, after)
	return all
}

// same tells whether exactly the same clients are meant; nil: none.
func (a *Access) same(o *Access) bool {
	if a == nil || o == nil {
		return a == o
	}
	return slices.Equal(a.Sources, o.Sources) && slices.Equal(a.PossibleOnly, o.PossibleOnly) &&
		slices.Equal(a.DialledAt, o.DialledAt)
}

// Now is who reaches it in the end, in words, for what stays as it is.
func (d *Difference) Now() string {
	after := byPlace(d.After)
	rows := groups(slices.SortedFunc(maps.Keys(after), place.compare), nil, after)
	if len(rows) == 0 {
		return cmp.Or(d.Note, Nobody)
	}
	if d.everywhere.alike(rows) {
		return rows[0].After
	}
	var parts []string
	for _, g := range rows {
		parts = append(parts, g.After+" "+g.where(d.everywhere))
	}
	return strings.Join(parts, "; ")
}

// group is places at which clients fare alike: every family on every interface.
type group struct {
	Change
	way          Way
	families, on []string
}

// groups puts sorted places together where the same happens: first those of several interfaces, then of both families.
func groups(places []place, before, after map[place]*Access) []group {
	var narrow []group
	for _, p := range places {
		g := group{Change{Before: before[p].whoOrNobody(), After: after[p].whoOrNobody()}, p.way, []string{p.family}, []string{p.in}}
		i := slices.IndexFunc(narrow, func(o group) bool {
			return o.Change == g.Change && o.way == g.way && o.families[0] == p.family
		})
		if i < 0 {
			narrow = append(narrow, g)
			continue
		}
		narrow[i].on = append(narrow[i].on, p.in)
	}
	var all []group
	for _, g := range narrow {
		i := slices.IndexFunc(all, func(o group) bool {
			return o.Change == g.Change && o.way == g.way && slices.Equal(o.on, g.on)
		})
		if i < 0 {
			all = append(all, g)
			continue
		}
		all[i].families = append(all[i].families, g.families...)
	}
	return all
}

func (a *Access) whoOrNobody() string {
	if a == nil {
		return Nobody
	}
	return a.who()
}

// alike tells whether the same happens everywhere, by whichever ways.
func (s scope) alike(rows []group) bool {
	var families []string
	for _, g := range rows {
		if g.Change != rows[0].Change || !slices.Equal(g.on, s.interfaces) {
			return false
		}
		families = append(families, g.families...)
	}
	slices.Sort(families)
	return slices.Equal(slices.Compact(families), s.families) && len(rows) > 0
}

// where says what is special about the places: DNAT is how clients ordinarily come to what is published, and direct routing
// to a container's own address.
func (g *group) where(everywhere scope) string {
	text := "over " + strings.Join(g.families, " and ")
	if g.way != DNAT && g.way != Direct {
		text += ", by " + string(g.way)
	}
	if !slices.Equal(g.on, everywhere.interfaces) {
		text += ", on " + strings.Join(g.on, ", ")
	}
	return text
}

// Title names what is exposed, for people: "80/tcp → 8123 (web)"; "web, by its own address".
func (e *Exposure) Title() string {
	if e.Direct {
		return e.Name + ", by its own address"
	}
	text := e.Ports
	if len(e.Addresses) > 0 {
		text += " at " + strings.Join(e.Addresses, ", ")
	}
	return fmt.Sprintf("%s (%s)", text, e.Name)
}
