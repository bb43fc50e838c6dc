package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// longRun is from how many rules on a run of plain ones is decided at once. Its packets are then told apart by what is
// done to them, no longer by which of the rules does it.
const longRun = 48

// demand is what a rule asks of one field.
type demand struct {
	netfilter.Test
	numbers netfilter.Ranges // those of the field that pass, where the packet has it
}

// plainRule is a rule that only compares fields with numbers, and then gives a verdict that ends the chain.
type plainRule struct {
	demands []demand
	verdict netfilter.Verdict
}

// plainOf is the rule as a plain one; nil where it is none. Its interface tests are the guards' (see rule.names).
func (p *plan) plainOf(r *rule) *plainRule {
	plain := &plainRule{}
	for i, s := range r.steps {
		switch m := s.match.(type) {
		case *test:
			numbers, ok := p.passing(m.Test)
			if !ok {
				return nil
			}
			plain.demands = append(plain.demands, demand{m.Test, numbers})
		case *names:
			switch {
			case p.free:
				plain.demands = append(plain.demands, demand{netfilter.Test{Field: m.Field}, p.interfaces.numbers(m.InterfaceTest)})
			case m.Field != netfilter.InInterface && m.Field != netfilter.OutInterface:
				return nil
			}
		case nil:
			v, ok := s.action.(netfilter.Verdict)
			if !ok || i != len(r.steps)-1 || !endsChain(v.Kind) {
				return nil
			}
			plain.verdict = v
			return plain
		default:
			return nil
		}
	}
	return nil
}

func endsChain(k netfilter.VerdictKind) bool {
	return k == netfilter.Accept || k == netfilter.Drop || k == netfilter.Reject || k == netfilter.Return
}

// passing are the numbers of a field that a test lets pass; false where they cannot be told by its numbers alone: fields
// that follow from others, masks that are no prefix, and 0 as a tuple's port, which packets without ports have too.
func (p *plan) passing(t netfilter.Test) (netfilter.Ranges, bool) {
	bits := p.space.Bits(t.Field)
	if bits == 0 || isDerived(t.Field) && !p.free || t.Field == netfilter.ICMPType || t.Field == netfilter.ICMPCode || isOwner(t.Field) || p.free && p.written[t.Field] {
		return nil, false
	}
	most := netfilter.LowBits(bits)
	open := t.Mask.Not().And(most)
	if open.And(open.Next()) != (netfilter.Number{}) {
		return nil, false
	}
	var widened []netfilter.Range
	for _, r := range t.Values {
		// A masked number has none of the open bits: it stands for all numbers that begin like it.
		first, last := r.First.Or(open).And(open.Not()), r.Last.And(open.Not())
		if r.First.And(open) != (netfilter.Number{}) {
			if first = r.First.Or(open).Next(); first == (netfilter.Number{}) {
				continue
			}
		}
		if last.Compare(first) >= 0 {
			widened = append(widened, netfilter.Range{First: first, Last: last.Or(open)})
		}
	}
	numbers := netfilter.NewRanges(widened...).Intersect(netfilter.Between(netfilter.Number{}, most))
	if t.Negate {
		numbers = netfilter.Between(netfilter.Number{}, most).Minus(numbers)
	}
	if isTuplePort(t.Field) && numbers.Contains(netfilter.Number{}) {
		return nil, false
	}
	return numbers, true
}

// needs is what packets must be to have a field: numbers of another one; nil: nothing.
func (p *plan) needs(f netfilter.Field) (netfilter.Field, netfilter.Ranges) {
	switch {
	case f == netfilter.SourcePort || f == netfilter.DestinationPort:
		return netfilter.Protocol, portProtocols
	case p.free && f >= netfilter.ConntrackMark && f <= netfilter.ReplyDestinationPort && f != netfilter.ConntrackState:
		return netfilter.ConntrackState, entryStates
	case isTuplePort(f):
		return netfilter.Protocol, portProtocols.Union(p.icmp())
	case f == netfilter.TCPFlags:
		return netfilter.Protocol, numbers(6)
	}
	return f, nil
}

var portProtocols = numbers(6, 17, 33, 132, 136)

func (p *plan) icmp() netfilter.Ranges {
	if p.family == netfilter.IPv4 {
		return numbers(1)
	}
	return numbers(58)
}

// bulk is the plain rules of a chain, ready to be decided at once for headers that read their fields alike.
type bulk struct {
	decider  *packetset.Decider
	outcomes []netfilter.Verdict
}

// layout says how packets have the fields of a chain's plain rules: by field, the one of the arriving packet that it is a
// copy of; NoField where it is one number for all of them, or missing.
type layout [64]netfilter.Field

// layoutFor is the layout of packets; false where a field is neither as some field arrived nor a constant.
func (c *chain) layoutFor(u *hull) (layout, bool) {
	var l layout
	for _, f := range c.asked {
		v := u.read(u.header, f)
		switch {
		case v.missing || v.isConstant():
		case v.unknown || v.Add != 0 || !whole(u.plan, v):
			return l, false
		case f == netfilter.ReplySourcePort || f == netfilter.ReplyDestinationPort:
			return l, false // not followed for ICMP (see withPorts)
		case !isOne(u.of(f)):
			l[f] = v.Field
		}
	}
	return l, true
}

func isOne(r netfilter.Ranges) bool { return len(r) == 1 && r[0].First == r[0].Last }

func whole(p *plan, v value) bool {
	most := netfilter.LowBits(p.space.Bits(v.Field))
	return v.Keep.And(most) == most && v.Fixed == netfilter.Number{}
}

// admitted tells whether the fields that are one number for all packets pass a plain rule.
func (r *plainRule) admitted(u *hull, l *layout) bool {
	for i := range r.demands {
		d := &r.demands[i]
		if l[d.Field] == netfilter.NoField && !u.isAmong(d.Field, d.numbers) {
			return false
		}
		if on, some := u.needs(d.Field); some != nil && l[on] == netfilter.NoField && !u.isAmong(on, some) {
			return false
		}
	}
	return true
}

// isAmong tells whether the one number of a field is among some.
func (u *hull) isAmong(f netfilter.Field, some netfilter.Ranges) bool {
	one := u.of(f)
	return len(one) > 0 && some.Contains(one[0].First)
}
