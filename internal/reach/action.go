package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// choice is one thing that a map leads to, and the packets that it is for.
type choice struct {
	packets packetset.Set
	verdict netfilter.Verdict
	target  *netfilter.NAT
}

// verdicts are a map's choices; they do not overlap.
type verdicts []choice

// choose are the choices of a map under a header; false where they cannot be said.
func (p *plan) choose(h *header, fields []netfilter.FieldUse, set *netfilter.Set, built map[lookupKey]verdicts) (verdicts, bool) {
	key, ok := p.readable(h, fields, set)
	if !ok {
		return nil, false
	}
	list, known := built[key]
	if !known {
		list = p.group(key, len(fields), set)
		built[key] = list
	}
	return list, true
}

// readable is how the fields of a map are read under a header; false where what it leads to cannot be said.
func (p *plan) readable(h *header, fields []netfilter.FieldUse, set *netfilter.Set) (lookupKey, bool) {
	if set == nil || set.Dynamic || set.Unclear != "" {
		return lookupKey{}, false
	}
	key, ok := p.lookupKey(h, fields, set)
	return key, ok && (len(set.Elements) == 0 || len(set.Elements[0].Key) == len(fields))
}

// group puts elements together that lead to the same.
func (p *plan) group(key lookupKey, fields int, set *netfilter.Set) verdicts {
	type target struct {
		verdict netfilter.Verdict
		nat     *netfilter.NAT
	}
	rows, order := map[target][][]netfilter.Ranges{}, []target(nil)
	for i := range set.Elements {
		e := &set.Elements[i]
		row, fits := rowOf(e, key, fields)
		if !fits || !admits(row, key) {
			continue
		}
		to := target{nat: e.Target}
		if e.Verdict != nil {
			to.verdict = *e.Verdict
		}
		if rows[to] == nil {
			order = append(order, to)
		}
		rows[to] = append(rows[to], row)
	}
	list := make(verdicts, 0, len(order))
	for _, to := range order {
		list = append(list, choice{p.space.Tuples(readings(key, fields), rows[to]), to.verdict, to.nat})
	}
	return list
}

func readings(key lookupKey, fields int) []packetset.Reading {
	list := make([]packetset.Reading, fields)
	for i := range list {
		list[i] = key.values[i].Reading
	}
	return list
}

// admits tells whether the constants among a lookup's fields fit a row.
func admits(row []netfilter.Ranges, key lookupKey) bool {
	for i, r := range row {
		if v := key.values[i]; v.isConstant() && !r.Contains(v.Fixed) {
			return false
		}
	}
	return true
}

// each hands the packets of each choice on, and gives the rest: those for whom the map has nothing.
func (t *taking) each(s state, fields []netfilter.FieldUse, list verdicts, do func(choice, state)) state {
	for _, f := range fields {
		has := s.packets.And(t.present(s.header, f.Field))
		t.next.add(state{s.packets.Minus(has), s.header})
		s.packets = has
	}
	for _, c := range list {
		if some := s.packets.And(c.packets); !some.IsEmpty() {
			s.packets = s.packets.Minus(some)
			do(c, state{some, s.header})
		}
	}
	return s
}

// verdictMap gives packets the verdict of their element; those without one leave the rule (nft_lookup_eval).
func (t *taking) verdictMap(a netfilter.VerdictMap, at int, s state) {
	list, ok := t.choose(s.header, a.Fields, a.Set, t.rule.steps[at].built)
	if !ok {
		t.unclear(s, "which element of the verdict map fits is not known")
		return
	}
	t.next.add(t.each(s, a.Fields, list, func(c choice, some state) {
		if c.verdict.Kind == netfilter.Continue {
			t.take(at+1, some)
		} else {
			t.verdict(c.verdict, at, some)
		}
	}))
}

func (t *taking) unclear(s state, why string) {
	t.end(s, Flow{Kind: Unknown, Chain: t.rule.Chain, Rule: t.rule.Rule, With: why})
}

// noTrack keeps packets out of conntrack; after conntrack it changes nothing.
func (t *taking) noTrack(at int, s state) {
	if s.track == unseen {
		s = t.changed(s, func(h *header) { h.track = untracked })
	}
	t.take(at+1, s)
}

// changed is the state under a changed header.
func (r *run) changed(s state, change func(*header)) state {
	h := *s.header
	change(&h)
	return state{s.packets, r.intern(h)}
}

// set is SetField.
func (t *taking) set(a netfilter.SetField, at int, s state) {
	field := fieldOf(a.Field)
	if field == nil {
		t.unclear(s, "it changes the "+a.Field.String())
		return
	}
	if a.Field == netfilter.ConntrackMark && !s.track.hasEntry() {
		t.take(at+1, s)
		return
	}
	from := constant(a.Value)
	if a.From != netfilter.NoField {
		from = t.read(s.header, a.From)
		from.Reading = from.Masked(a.Of)
	}
	if from.missing && t.rule.Chain.Table.Origin == netfilter.Native { // NFT_BREAK
		t.next.add(s)
		return
	}
	if from.missing { // xt_connmark goes on
		t.take(at+1, s)
		return
	}
	t.take(at+1, t.changed(s, func(h *header) { *field(h) = written(*field(h), a.Mask, from) }))
}

// fieldOf is where a header has a field that rules can set; nil where they cannot, as far as is known here.
func fieldOf(f netfilter.Field) func(*header) *value {
	switch f {
	case netfilter.Mark:
		return func(h *header) *value { return &h.mark }
	case netfilter.ConntrackMark:
		return func(h *header) *value { return &h.ctmark }
	case netfilter.DSCP:
		return func(h *header) *value { return &h.dscp }
	case netfilter.TTL:
		return func(h *header) *value { return &h.ttl }
	}
	return nil
}

// written is (old &^ mask) ^ from, not known where that is no reading.
func written(old value, mask netfilter.Number, from value) value {
	if mask.Not() == (netfilter.Number{}) || old.unknown && mask.And(netfilter.LowBits(32)) == netfilter.LowBits(32) {
		return from
	}
	if old.unknown || from.unknown {
		return unspecified
	}
	old.Reading = old.Masked(mask.Not())
	fixed, keep := old.Fixed.Xor(from.Fixed), old.Keep
	switch {
	case old.IsConstant() && from.Keep.And(fixed) == (netfilter.Number{}) && from.Add == 0:
		return value{Reading: packetset.Reading{Field: from.Field, Keep: from.Keep, Fixed: fixed}}
	case from.IsConstant() && keep.And(from.Fixed) == (netfilter.Number{}) && old.Add == 0:
		return value{Reading: packetset.Reading{Field: old.Field, Keep: keep, Fixed: fixed}}
	}
	return unspecified
}
