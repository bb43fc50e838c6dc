package nftables

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

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
	lengths := map[int][]gate.Segment{}
	uses := map[*gate.Chain]int{}
	for _, s := range d.Segments {
		uses[s.Chain]++
		if prefix, ok := lone(s); ok && s.Protocol == p && d.way != gate.Local {
			lengths[prefix.Bits()] = append(lengths[prefix.Bits()], s)
		}
	}
	out := map[*gate.Chain]bool{}
	for bits := range d.bits + 1 {
		segments := slices.DeleteFunc(lengths[bits], func(s gate.Segment) bool { return uses[s.Chain] > 1 })
		if len(segments) < crowd {
			continue
		}
		name := d.addSet(d.crowdSet(p, bits, segments))
		d.lookup.add("meta l4proto %s %s . ct original proto-dst @%s accept", p, d.masked(bits), name)
		for _, s := range segments {
			out[s.Chain] = true
		}
	}
	return out
}

// lone is the prefix that a single port is allowed to, where that is all its chain says.
func lone(s gate.Segment) (prefix netip.Prefix, ok bool) {
	if s.First != s.Last || len(s.Chain.Lines) != 1 {
		return prefix, false
	}
	l := &s.Chain.Lines[0]
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

// crowdName names the set of a crowd: "ingress4_tcp_from24".
func crowdName(dispatch string, p host.Protocol, bits int) setName {
	return setName(fmt.Sprintf("%s_%s_from%s", dispatch, p, strconv.Itoa(bits)))
}

// crowdKey is an address and a port as one key, each part filled up to four bytes.
func crowdKey(a netip.Addr, port uint16) key {
	return key(append(binary.BigEndian.AppendUint16(a.AsSlice(), port), 0, 0))
}
