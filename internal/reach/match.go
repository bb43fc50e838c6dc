package reach

import (
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// matcher is a match made ready for one family: the packets under a header that it lets go on.
type matcher interface {
	meets(p *plan, h *header) packetset.Set
}

// test is a netfilter.Test with what it gave last: chains are mostly met many times with the same reading.
type test struct {
	netfilter.Test
	xtables   bool
	lastValue value
	lastSet   packetset.Set
	known     bool
}

func (t *test) meets(p *plan, h *header) packetset.Set {
	if about, ok := p.derive(h, t.Field); ok {
		return p.meetsDerived(about, t.Mask, t.Values, t.Negate)
	}
	if t.Field == netfilter.ReversePath && !p.free {
		return p.meetsReverse(h, t.Mask, t.Values, t.Negate)
	}
	v := p.read(h, t.Field)
	if t.known && v == t.lastValue {
		return t.lastSet
	}
	if v.missing && t.Negate && t.xtables && isOwner(t.Field) { // xt_owner.c: nobody is not that user
		return p.space.All()
	}
	s := p.compare(h, t.Field, v, t.Mask, t.Values, t.Negate)
	if !v.unknown { // each meeting of an unknown value is another unknown
		t.lastValue, t.lastSet, t.known = v, s, true
	}
	return s
}

func isOwner(f netfilter.Field) bool {
	return f == netfilter.OwnerUser || f == netfilter.OwnerGroup
}

// compare are the packets whose value, which a field has under the header, is in a test's numbers.
func (p *plan) compare(h *header, f netfilter.Field, v value, mask netfilter.Number, values netfilter.Ranges, negate bool) packetset.Set {
	if v.missing {
		return p.space.None()
	}
	if v.unknown {
		return p.has(h, f).And(p.compareUnknown(f, v, mask, values, negate))
	}
	s := p.space.Reads(v.Masked(mask), values)
	if negate {
		s = s.Not()
	}
	return p.withPorts(h, f, s, values.Contains(netfilter.Number{}) != negate)
}

// compareValue are the packets whose field is in values.
func (p *plan) compareValue(h *header, f netfilter.Field, values netfilter.Ranges) packetset.Set {
	return p.compare(h, f, p.read(h, f), netfilter.AllOnes, values, false)
}

// withPorts leaves the packets that have the field. Packets without ports have the port 0 in a conntrack tuple, and
// ICMP in the reply's tuple ports that are not followed here.
func (p *plan) withPorts(h *header, f netfilter.Field, s packetset.Set, zero bool) packetset.Set {
	if !isTuplePort(f) || p.free {
		return p.has(h, f).And(s)
	}
	s = s.And(p.ported)
	if zero {
		s = s.Or(p.ported.Not())
	}
	if f == netfilter.ReplySourcePort || f == netfilter.ReplyDestinationPort {
		icmp := p.space.ICMP()
		s = s.Minus(icmp).Or(icmp.And(p.undecided("the ports of an ICMP answer")))
	}
	return s
}

func isTuplePort(f netfilter.Field) bool {
	switch f {
	case netfilter.OriginalSourcePort, netfilter.OriginalDestinationPort, netfilter.ReplySourcePort, netfilter.ReplyDestinationPort:
		return true
	}
	return false
}

// compareUnknown decides where all or none of the numbers that a field may have pass.
func (p *plan) compareUnknown(f netfilter.Field, v value, mask netfilter.Number, values netfilter.Ranges, negate bool) packetset.Set {
	if mask == netfilter.AllOnes {
		inside := netfilter.Ranges{v.within}.Minus(values)
		switch {
		case len(inside) == 0:
			return p.yes(!negate)
		case !values.Overlaps(v.within.First, v.within.Last):
			return p.yes(negate)
		}
	}
	return p.undecided("the " + f.String() + " is not known")
}

func (p *plan) yes(yes bool) packetset.Set {
	if yes {
		return p.space.All()
	}
	return p.space.None()
}

func (p *plan) undecided(text string) packetset.Set { return p.space.Undecided(text) }

// names is a netfilter.InterfaceTest.
type names struct{ netfilter.InterfaceTest }

func (t *names) meets(p *plan, h *header) packetset.Set {
	if p.free {
		return p.interfaces.where(p.space, t.InterfaceTest)
	}
	name, known := p.interfaceName(h, t.Field)
	if !known {
		return p.undecided("the " + t.Field.String() + " is not known")
	}
	return p.yes(fitsAny(t.Names, name) != t.Negate)
}

func fitsAny(list []netfilter.InterfaceName, name string) bool {
	for _, n := range list {
		if n.Fits(name) {
			return true
		}
	}
	return false
}

// interfaceName is the name that rules see; false where it is not known: the port by which a packet came into a bridge
// that hands its frames to the IP hooks.
func (p *plan) interfaceName(h *header, f netfilter.Field) (string, bool) {
	switch f {
	case netfilter.InInterface:
		if h.crossed {
			return "", true
		}
		return h.in, true
	case netfilter.OutInterface:
		return h.out, h.out != somewhere
	case netfilter.PhysicalIn:
		return "", !p.bridged[h.in]
	}
	return "", true
}

// either is a netfilter.Either.
type either struct {
	alternatives [][]matcher
	negate       bool
}

func (e *either) meets(p *plan, h *header) packetset.Set {
	some := p.space.None()
	for _, list := range e.alternatives {
		every := p.space.All()
		for _, m := range list {
			if every = every.And(m.meets(p, h)); every.IsEmpty() {
				break
			}
		}
		some = some.Or(every)
	}
	if e.negate {
		return some.Not()
	}
	return some
}

// unknown is a netfilter.Undecided: a fresh unknown at each meeting.
type unknown struct{ netfilter.Undecided }

func (u *unknown) meets(p *plan, _ *header) packetset.Set {
	return p.undecided(u.Text + ": " + u.Reason)
}
