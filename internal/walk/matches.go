package walk

import (
	"fmt"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// trilean is a truth that may not be known.
type trilean uint8

const (
	no trilean = iota
	maybe
	yes
)

func truth(b bool) trilean {
	if b {
		return yes
	}
	return no
}

func (t trilean) not(negate bool) trilean {
	if negate {
		return yes - t
	}
	return t
}

// all tells whether all of the matches match. One that surely does not outweighs those that are not known, wherever it
// stands: matches change nothing.
func (r *run) all(ru *rule, conds []cond) trilean {
	result := yes
	for i := range conds {
		switch r.match(ru, &conds[i]) {
		case no:
			return no
		case maybe:
			result = maybe
		}
	}
	return result
}

func (r *run) match(ru *rule, c *cond) trilean {
	switch {
	case c.test != nil:
		return r.test(ru, c.test)
	case c.names != nil:
		return r.interfaceTest(c.names)
	case c.lookup != nil:
		return r.lookup(ru, c.lookup)
	case c.either != nil:
		return r.either(ru, c)
	}
	return maybe
}

func (r *run) test(ru *rule, t *netfilter.Test) trilean {
	value, have := r.field(t.Field)
	switch have {
	case yes:
		return truth(t.Values.Contains(value.And(t.Mask)) != t.Negate)
	case no:
		return truth(t.Negate && ru.xtables && isOwner(t.Field))
	}
	return maybe
}

// isOwner: iptables' "! --uid-owner" matches a packet without a socket (net/netfilter/xt_owner.c); a missing field of
// any other kind matches nothing, negated or not.
func isOwner(f netfilter.Field) bool {
	return f == netfilter.OwnerUser || f == netfilter.OwnerGroup
}

func (r *run) interfaceTest(t *netfilter.InterfaceTest) trilean {
	switch t.Field {
	case netfilter.PhysicalOut:
		r.choosePort()
	case netfilter.PhysicalIn:
		r.choosePortIn()
	}
	name := r.interfaceName(t.Field)
	for _, n := range t.Names {
		if n.Fits(name) {
			return truth(!t.Negate)
		}
	}
	return truth(t.Negate)
}

// choosePort settles by which port of its bridge a bridged packet leaves, when a rule first asks.
func (r *run) choosePort() {
	if !r.bridged || r.hook < netfilter.Forward || r.physicalOut != "" {
		return
	}
	ports := r.w.portsOf(r.out, r.packet.PhysicalIn)
	if len(ports) == 0 {
		return
	}
	r.physicalOut = ports[r.choose(len(ports), func(answer int) string {
		return fmt.Sprintf("%s is behind the port %s of %s", r.packet.Destination, ports[answer], r.out)
	})]
}

// choosePortIn settles by which port of its bridge a packet came, where the question does not say it.
func (r *run) choosePortIn() {
	if r.packet.PhysicalIn != "" || !r.w.bridged[r.families()] {
		return
	}
	ports := r.w.portsOf(r.in, "")
	if len(ports) == 0 {
		return
	}
	r.packet.PhysicalIn = ports[r.choose(len(ports), func(answer int) string {
		return fmt.Sprintf("%s is behind the port %s of %s", r.packet.Source, ports[answer], r.in)
	})]
}

// portsOf are a bridge's ports but one.
func (w *Walker) portsOf(bridge, but string) []string {
	var ports []string
	for _, i := range w.machine.Interfaces {
		if bridge != "" && i.Master == bridge && i.Name != but {
			ports = append(ports, i.Name)
		}
	}
	return ports
}

func (r *run) lookup(ru *rule, l *netfilter.Lookup) trilean {
	have := r.load(l.Fields)
	switch {
	case have == no:
		return truth(l.Negate && ru.xtables) // xt_set.c: what cannot be looked for is not in the set; nft_lookup breaks
	case have == maybe, !readable(l.Set, l.Fields):
		return maybe
	}
	return truth((l.Set.Find(r.key[:len(l.Fields)], r.names[:len(l.Fields)]) != nil) != l.Negate)
}

func (r *run) either(ru *rule, c *cond) trilean {
	result := no
	for _, conds := range c.either {
		result = max(result, r.all(ru, conds))
	}
	return result.not(c.negate)
}

// readable tells whether it is known what a set has for these fields.
func readable(s *netfilter.Set, fields []netfilter.FieldUse) bool {
	return s != nil && s.Unclear == "" && !s.Dynamic && (len(s.Elements) == 0 || len(s.Elements[0].Key) == len(fields))
}

// element looks a packet's fields up in a map. maybe: what the map has is not known.
func (r *run) element(fields []netfilter.FieldUse, s *netfilter.Set) (*netfilter.Element, trilean) {
	have := r.load(fields)
	switch {
	case have == no:
		return nil, no
	case have == maybe, !readable(s, fields):
		return nil, maybe
	}
	if e := s.Find(r.key[:len(fields)], r.names[:len(fields)]); e != nil {
		return e, yes
	}
	return nil, no
}
