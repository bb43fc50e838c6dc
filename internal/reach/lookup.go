package reach

import (
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// lookup is a netfilter.Lookup. A set is built once for each reading of its fields.
type lookup struct {
	netfilter.Lookup
	xtables bool
	built   map[lookupKey]packetset.Set
}

// lookupKey is how the fields of a lookup are read. Lookups of more fields than it has room for are not remembered.
type lookupKey struct {
	set    *netfilter.Set
	values [6]value
	names  [6]string
}

func (l *lookup) meets(p *plan, h *header) packetset.Set {
	s, ok := p.found(h, l.Fields, l.Set, l.built)
	if !ok {
		s = p.undecided("the set " + l.Set.Name + " " + notKnown(l.Set))
	}
	has := p.space.All()
	for _, f := range l.Fields {
		has = has.And(p.present(h, f.Field))
	}
	s = s.And(has)
	switch {
	case l.Negate && l.xtables: // xt_set.c: what cannot be looked for is not in the set; nft_lookup breaks off
		return s.Not()
	case l.Negate:
		return has.Minus(s)
	}
	return s
}

func notKnown(s *netfilter.Set) string {
	if s.Unclear != "" {
		return "is not known: " + s.Unclear
	}
	return "changes, or cannot be followed"
}

// present are the packets that have a field at all under a header.
func (p *plan) present(h *header, f netfilter.Field) packetset.Set {
	if isInterface(f) {
		return p.space.All()
	}
	if _, ok := p.derive(h, f); ok || isDerived(f) {
		return p.space.All()
	}
	if p.read(h, f).missing {
		return p.space.None()
	}
	if isTuplePort(f) {
		return p.space.All()
	}
	return p.has(h, f)
}

func isInterface(f netfilter.Field) bool {
	switch f {
	case netfilter.InInterface, netfilter.OutInterface, netfilter.PhysicalIn, netfilter.PhysicalOut:
		return true
	}
	return false
}

// found are the packets whose fields are in a set; false where that cannot be said.
func (p *plan) found(h *header, fields []netfilter.FieldUse, set *netfilter.Set, built map[lookupKey]packetset.Set) (packetset.Set, bool) {
	if set == nil || set.Dynamic || set.Unclear != "" {
		return packetset.Set{}, false
	}
	if set.Family != 0 && set.Family != p.family {
		return p.space.None(), true
	}
	if len(set.Members) > 0 {
		return p.foundInMembers(h, fields, set, built)
	}
	if len(fields) == 1 && fields[0].Field == netfilter.ReversePath && !p.free {
		return p.meetsReverse(h, fields[0].Mask, firstColumn(set), false), true
	}
	if d, ok := p.derivedKey(h, fields); ok {
		return p.meetsDerived(d, fields[0].Mask, firstColumn(set), false), true
	}
	key, ok := p.lookupKey(h, fields, set)
	if !ok || len(set.Elements) > 0 && len(set.Elements[0].Key) != len(fields) {
		return packetset.Set{}, false
	}
	if s, known := built[key]; known {
		return s, true
	}
	s := p.holds(key, len(fields), set, func(e *netfilter.Element) bool { return !e.Except })
	s = s.Minus(p.holds(key, len(fields), set, func(e *netfilter.Element) bool { return e.Except }))
	built[key] = s
	return s, true
}

// foundInMembers looks in the sets of a list:set.
func (p *plan) foundInMembers(h *header, fields []netfilter.FieldUse, set *netfilter.Set, built map[lookupKey]packetset.Set) (packetset.Set, bool) {
	some := p.space.None()
	for _, name := range set.Members {
		member := p.sets[name]
		if member == nil || len(member.Members) > 0 {
			return packetset.Set{}, false
		}
		s, ok := p.found(h, fields, member, built)
		if !ok {
			return packetset.Set{}, false
		}
		some = some.Or(s)
	}
	return some, true
}

// derivedKey tells whether a lookup is for one derived field alone; sets of several with one of them cannot be followed.
func (p *plan) derivedKey(h *header, fields []netfilter.FieldUse) (derived, bool) {
	if len(fields) != 1 {
		return derived{}, false
	}
	return p.derive(h, fields[0].Field)
}

func firstColumn(set *netfilter.Set) netfilter.Ranges {
	var list []netfilter.Range
	for _, e := range set.Elements {
		if len(e.Key) > 0 {
			list = append(list, e.Key[0]...)
		}
	}
	return netfilter.NewRanges(list...)
}

// lookupKey reads the fields; false where one is not known, or there are too many.
func (p *plan) lookupKey(h *header, fields []netfilter.FieldUse, set *netfilter.Set) (lookupKey, bool) {
	key := lookupKey{set: set}
	if len(fields) > len(key.values) {
		return key, false
	}
	for i, f := range fields {
		if isInterface(f.Field) {
			name, known := p.interfaceName(h, f.Field)
			if !known || p.free {
				return key, false
			}
			key.names[i] = name
			continue
		}
		if !p.free && isDerived(f.Field) {
			return key, false
		}
		v := p.read(h, f.Field)
		if v.unknown {
			return key, false
		}
		v.Reading = v.Masked(maskOf(f, set, i))
		key.values[i] = v
	}
	return key, true
}

func maskOf(f netfilter.FieldUse, set *netfilter.Set, i int) netfilter.Number {
	if i < len(set.Masks) {
		return f.Mask.And(set.Masks[i])
	}
	return f.Mask
}

// holds are the packets that one of some elements holds.
func (p *plan) holds(key lookupKey, fields int, set *netfilter.Set, some func(*netfilter.Element) bool) packetset.Set {
	var keys [][]netfilter.Ranges
	for i := range set.Elements {
		if e := &set.Elements[i]; some(e) {
			if row, fits := rowOf(e, key, fields); fits {
				keys = append(keys, row)
			}
		}
	}
	return p.space.Tuples(readings(key, fields), keys)
}

// rowOf is an element's key with any number in the place of names; false where a name does not fit.
func rowOf(e *netfilter.Element, key lookupKey, fields int) ([]netfilter.Ranges, bool) {
	if len(e.Key) != fields {
		return nil, false
	}
	row := e.Key
	for i, r := range e.Key {
		if r == nil && i < len(e.Interfaces) {
			if !e.Interfaces[i].Fits(key.names[i]) {
				return nil, false
			}
			row = slices.Clone(row)
			row[i] = netfilter.Between(netfilter.Number{}, netfilter.AllOnes)
		}
	}
	return row, true
}
