package nftables

import (
	"fmt"
	"net/netip"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// dispatcher makes one dispatch of one family.
//
// The chain NAME jumps to NAME_dispatch, which goes to the chain of a slot. A chain that was gone to and decides
// nothing returns to where its caller was jumped from: what follows that jump is the default, and a slot's chain is
// its lines and nothing else.
type dispatcher struct {
	*builder
	*family
	*gate.Dispatch
	way    gate.Way
	name   string // "ingress4"
	entry  *chain
	lookup *chain
}

// dispatcher makes a dispatch's chains, as yet without lookups, and the ways to it from chains for both families.
func (b *builder) dispatcher(way gate.Way, f *family, content *gate.Dispatch, from ...*chain) *dispatcher {
	d := &dispatcher{builder: b, family: f, Dispatch: content, way: way, name: string(way) + f.digit}
	for _, c := range from {
		c.add("meta nfproto %s goto %s", f.nfproto, d.name)
	}
	d.entry = b.table.addChain(chainName(d.name))
	d.lookup = b.table.addChain(chainName(d.name + "_dispatch"))
	return d
}

// forwarded makes a dispatch of ingress or egress.
func (d *dispatcher) forwarded() {
	if d.way == gate.Ingress {
		d.refuseLoopback(d.entry)
	}
	d.fillEntry()
	d.byPort("original proto-dst")
	d.withoutPort()
}

// refuseLoopback refuses what was dialled at an address of the host's own loopback: only it may do that.
func (d *dispatcher) refuseLoopback(c *chain) {
	c.addNoted("published on loopback only", "ct original %s daddr %s counter goto refuse", d.ct, d.loopback)
}

// defaultComment marks the rule that counts what a dispatch's default decides.
const defaultComment = "default"

// fillEntry makes the default follow the dispatch. Conversations that a conntrack helper expects, for the data of an
// allowed one, are not refused.
func (d *dispatcher) fillEntry() {
	d.entry.add("jump %s", d.lookup.name)
	if d.Default == policy.Allow {
		d.entry.addNoted(defaultComment, "counter accept")
		return
	}
	d.entry.add("ct status expected accept")
	d.entry.addNoted(defaultComment, "counter goto refuse")
}

// byPort looks conversations up by the port that conntrack has there. Single ports are a hash, looked up first.
func (d *dispatcher) byPort(port string) (maps []portMap) {
	for _, p := range protocols {
		for _, m := range d.segments(p) {
			if len(m.elements) > 0 {
				d.lookup.add("meta l4proto %s ct %s vmap @%s", p, port, d.addSet(m))
				maps = append(maps, portMap{p, m.name})
			}
		}
	}
	return maps
}

// portMap is a map from a protocol's ports to chains.
type portMap struct {
	protocol host.Protocol
	name     setName
}

// segments makes the maps from a protocol's ports, single ones and ranges, to the chains that judge them. A chain is
// made once for each protocol, because its lines may have to name it.
func (d *dispatcher) segments(p host.Protocol) []*set {
	singles := &set{name: dispatchMap(d.name, p, false), kind: ports, verdicts: true}
	ranges := &set{name: dispatchMap(d.name, p, true), kind: ports, verdicts: true, interval: true}
	verdicts := map[*gate.Chain]string{}
	for c := range d.together(p) {
		verdicts[c] = toDefault // and not to Other
	}
	for _, s := range d.Segments {
		if s.Protocol != p || verdicts[s.Chain] == toDefault && d.Other == nil {
			continue
		}
		if verdicts[s.Chain] == "" {
			verdicts[s.Chain] = "goto " + d.slot(fmt.Sprintf("%s_%d", p, s.First), p.String(), s.Chain)
		}
		m := singles
		if s.First != s.Last {
			m = ranges
		}
		m.elements = append(m.elements, element{first: portKey(s.First), last: portKey(s.Last), verdict: verdicts[s.Chain]})
	}
	return []*set{singles, ranges}
}

// toDefault is the verdict of a port whose lines have been looked up before.
const toDefault = "return"

// slot makes the chain for a place in the dispatch. The protocol is "" where there is no port.
func (d *dispatcher) slot(place, protocol string, content *gate.Chain) string {
	c := d.table.addChain(slotName(d.name, place))
	if d.way == gate.Local {
		d.hostsOwn(c, content.Scope)
	}
	for i := range content.Lines {
		d.addLine(c, protocol, &content.Lines[i])
	}
	return string(c.name)
}

// withoutPort judges what has no port. ICMP errors belong to the conversation that they speak of, and pass. What is
// part of no conversation cannot be judged, and is dropped without an answer.
func (d *dispatcher) withoutPort() {
	d.lookup.add("meta l4proto %s ct state related accept", d.icmp)
	d.lookup.addNoted("part of no conversation", "ct state invalid,untracked counter drop")
	if d.Echo != nil {
		name := d.slot("echo", "", d.Echo)
		d.lookup.add("%s echo-request goto %s", d.icmpType, name)
		d.lookup.add("%s echo-reply goto %s", d.icmpType, name)
	}
	if d.Other != nil {
		d.lookup.add("goto %s", d.slot("other", "", d.Other))
	}
}

// local makes the dispatch of conversations with the host itself. A port without a chain is the host's own. Packets of
// no conversation come from stray, and are looked up by the port in their header; the chains drop them.
func (d *dispatcher) local(stray *chain) {
	d.fillEntry()
	for _, m := range d.byPort("reply proto-src") {
		stray.add("meta nfproto %s %s dport vmap @%s", d.nfproto, m.protocol, m.name)
	}
	d.lookup.add("accept")
}

// hostsOwn begins a chain of Local: it drops what belongs to no conversation, lets pass what does not end on the
// addresses that the port is published on, and refuses loopback.
func (d *dispatcher) hostsOwn(c *chain, scope []netip.Addr) {
	c.addNoted("part of no conversation", "ct state invalid,untracked counter drop")
	if len(scope) > 0 {
		c.add("ct reply %s saddr != %s accept", d.ct, d.addresses(scopeSet(scope)))
	}
	d.refuseLoopback(c)
}
