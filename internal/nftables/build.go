package nftables

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// family is what the two address families differ in.
type family struct {
	digit    string // in names
	nfproto  string
	ct       string // in "ct original ip saddr"
	icmp     string // the protocol
	icmpType string
	loopback string
	kind     kind
	bits     int
}

var (
	family4 = &family{"4", "ipv4", "ip", "icmp", "icmp type", "127.0.0.0/8", ipv4, 32}
	family6 = &family{"6", "ipv6", "ip6", "ipv6-icmp", "icmpv6 type", "::1", ipv6, 128}
)

// families goes through both families of a gate.
func families(g *gate.Gate) iter.Seq2[*family, *gate.Family] {
	return func(yield func(*family, *gate.Family) bool) {
		_ = yield(family4, &g.IPv4) && yield(family6, &g.IPv6)
	}
}

// builder makes the table of one gate.
type builder struct {
	table table
	sets  map[setName]*set
	errs  []error
}

// build is the table that enforces a gate, without the chain "about". Its error is a sentence about what cannot be put
// into a rule.
func build(g *gate.Gate) (*table, error) {
	b := &builder{sets: map[setName]*set{}}
	b.hooks(g.Bridges)
	b.forwarded(g)
	b.local(g)
	b.refuse(g.Refuse)
	return &b.table, errors.Join(b.errs...)
}

// addSet adds a set once. Sets of one name have to be equal.
func (b *builder) addSet(s *set) setName {
	slices.SortFunc(s.elements, func(x, y element) int { return cmp.Compare(x.first, y.first) })
	known := b.sets[s.name]
	if known == nil {
		b.sets[s.name] = s
		b.table.sets = append(b.table.sets, s)
	} else if !slices.Equal(known.elements, s.elements) {
		b.errs = append(b.errs, fmt.Errorf("the gate has two sets %s that differ: this is a bug in dockwall", s.name))
	}
	return s.name
}

// forwarded makes the chains for what is forwarded to and from containers. An answer is judged like what it answers.
func (b *builder) forwarded(g *gate.Gate) {
	to, from, egress := b.table.addChain("to_container"), b.table.addChain("from_container"), b.table.addChain("egress")
	to.add("ct direction reply goto egress")
	from.add("ct direction original goto egress")
	for f, content := range families(g) {
		b.dispatcher(gate.Ingress, f, &content.Ingress, to, from).forwarded()
		if !content.Egress.Empty() {
			b.dispatcher(gate.Egress, f, &content.Egress, egress).forwarded()
		}
	}
}

// local makes the chains for conversations that end on the host itself.
//
// Packets that are part of no conversation are looked up by the port in their header; the chains of the dispatch drop
// them. What the host itself sends to refuse a packet (a TCP reset) belongs to the refused conversation, and passes.
func (b *builder) local(g *gate.Gate) {
	b.table.addChain("to_host",
		rule{text: "ct direction original goto local"},
		rule{text: "ct state invalid,untracked goto stray"})
	b.table.addChain("from_host",
		rule{text: "ct state related accept"},
		rule{text: "goto local"})
	local, stray := b.table.addChain("local"), b.table.addChain("stray")
	for f, content := range families(g) {
		if len(content.Local.Segments) > 0 {
			b.dispatcher(gate.Local, f, &content.Local, local).local(stray)
		}
	}
}

// refuse makes the chain that refuses.
func (b *builder) refuse(r policy.Refusal) {
	c := b.table.addChain("refuse")
	if r == policy.Drop {
		c.add("drop")
		return
	}
	c.add("meta l4proto tcp reject with tcp reset")
	c.add("reject with icmpx type port-unreachable")
}

// protocols are those with ports.
var protocols = []host.Protocol{host.TCP, host.UDP, host.SCTP}
