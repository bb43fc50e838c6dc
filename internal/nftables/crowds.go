package nftables

import (
	"net/netip"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// Thousands of ports that are each allowed to one prefix of their own would be thousands of chains with one rule. They
// are elements of a set instead: of the client, cut to the length of the prefix, and the dialled port. It is looked up
// before the ports, so that there is one lookup for each length of which there is a crowd.

// crowd is how many ports of one prefix length are looked up in a set. When a policy grows past it their counters
// start anew.
const crowd = 256

// together makes the sets of a protocol's crowds, each with its rule, and tells the chains that are in them.
func (d *dispatcher) together(p host.Protocol) map[*gate.Chain]bool {
	out := map[*gate.Chain]bool{}
	byLength := d.lone(p)
	for bits := range d.bits + 1 {
		if len(byLength[bits]) < crowd {
			continue
		}
		name := d.addSet(d.crowdSet(p, bits, byLength[bits]))
		d.lookup.add("meta l4proto %s %s . ct original proto-dst @%s accept", p, d.masked(bits), name)
		for _, s := range byLength[bits] {
			out[s.Chain] = true
		}
	}
	return out
}

// lone are the single ports with a chain of their own that only allows them to a prefix, by its length.
func (d *dispatcher) lone(p host.Protocol) map[int][]gate.Segment {
	out := map[int][]gate.Segment{}
	uses := map[*gate.Chain]int{}
	for _, s := range d.Segments {
		if s.Protocol == p {
			uses[s.Chain]++
		}
	}
	for _, s := range d.Segments {
		prefix, ok := onlyPrefix(s.Chain)
		if ok && s.Protocol == p && s.First == s.Last && uses[s.Chain] == 1 && d.way != gate.Local {
			out[prefix.Bits()] = append(out[prefix.Bits()], s)
		}
	}
	return out
}

// onlyPrefix is the prefix that a chain allows, where that is all it says.
func onlyPrefix(c *gate.Chain) (prefix netip.Prefix, ok bool) {
	if len(c.Lines) != 1 {
		return prefix, false
	}
	l := &c.Lines[0]
	plain := l.Action == policy.Allow && l.Dialled.Any() && l.Answering.Any() && l.AnsweringPort == 0 &&
		l.Interface == "" && !l.Log && len(l.Members) == 0
	if !plain || len(l.Client.Ranges) != 1 {
		return prefix, false
	}
	return l.Client.Ranges[0].Prefix()
}

func (d *dispatcher) crowdSet(p host.Protocol, bits int, segments []gate.Segment) *set {
	s := &set{name: crowdName(d.name, p, bits), kind: d.kind + " . " + ports, counted: true}
	for _, segment := range segments {
		l := &segment.Chain.Lines[0]
		k := crowdKey(l.Client.Ranges[0].From(), segment.First)
		s.elements = append(s.elements, element{first: k, last: k, comment: ruleComment(l.Rule)})
	}
	return s
}

// masked is a conversation's client, cut to the length of a prefix.
func (d *dispatcher) masked(bits int) string {
	text := "ct original " + d.ct + " saddr"
	if bits == d.bits {
		return text
	}
	mask := make([]byte, d.bits/8)
	for i := range bits {
		mask[i/8] |= 0x80 >> (i % 8)
	}
	address, _ := netip.AddrFromSlice(mask) // of 4 or 16 bytes
	return text + " & " + address.String()
}
