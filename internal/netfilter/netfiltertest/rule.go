package netfiltertest

import (
	"fmt"
	"net/netip"

	"github.com/dockwall/dockwall/internal/netfilter"
	"pgregory.net/rapid"
)

// drawing draws the rules of one chain.
type drawing struct {
	*rapid.T
	table *netfilter.Table
	chain *netfilter.Chain
	nat   bool
	below int // chains after this one: those it may jump to
}

func (d drawing) rule(n int) *netfilter.Rule {
	r := &netfilter.Rule{Chain: d.chain, Number: n, Text: fmt.Sprint("rule ", n)}
	for range rapid.IntRange(0, 2).Draw(d.T, "matches") {
		r.Steps = append(r.Steps, d.match(1))
	}
	if rapid.IntRange(0, 3).Draw(d.T, "sets") == 0 {
		r.Steps = append(r.Steps, d.change())
	}
	return &netfilter.Rule{Chain: r.Chain, Number: n, Text: r.Text, Steps: append(r.Steps, d.ending()...)}
}

// change draws an action after which the rule goes on.
func (d drawing) change() netfilter.Step {
	mask, value := d.number([]uint64{0xFFFFFFFF, 1, 3}), d.number([]uint64{0, 1, 2})
	switch rapid.IntRange(0, 5).Draw(d.T, "change") {
	case 0:
		return netfilter.SetField{Field: netfilter.ConntrackMark, Mask: mask, Value: value}
	case 1:
		return netfilter.SetField{Field: netfilter.Mark, Mask: mask, From: netfilter.ConntrackMark, Of: mask}
	case 2:
		if b := d.chain.Base; b != nil && b.Priority == netfilter.PriorityRaw {
			return netfilter.NoTrack{}
		}
		return netfilter.Note{Text: "LOG"}
	case 3:
		return d.match(0)
	}
	return netfilter.SetField{Field: netfilter.Mark, Mask: mask, Value: value}
}

func (d drawing) number(from []uint64) netfilter.Number {
	return netfilter.Small(rapid.SampledFrom(from).Draw(d.T, "number"))
}

// ending draws how a rule ends; no step: it goes on with the next.
func (d drawing) ending() []netfilter.Step {
	switch n := rapid.IntRange(0, 11).Draw(d.T, "ending"); {
	case d.nat && n < 6 && d.chain.Base != nil:
		return d.translation()
	case n < 2:
		return []netfilter.Step{netfilter.Verdict{Kind: netfilter.Accept}}
	case n < 4 && !d.nat:
		return []netfilter.Step{netfilter.Verdict{Kind: netfilter.Drop}}
	case n == 4 && !d.nat:
		return []netfilter.Step{netfilter.Verdict{Kind: netfilter.Reject, With: "icmp-port-unreachable"}}
	case n == 5:
		return []netfilter.Step{netfilter.Verdict{Kind: netfilter.Return}}
	case n < 9:
		return d.jump()
	case n == 9:
		return []netfilter.Step{d.verdictMap(), netfilter.Verdict{Kind: netfilter.Accept}}
	}
	return nil
}

func (d drawing) jump() []netfilter.Step {
	if d.below == 0 {
		return nil
	}
	kind := rapid.SampledFrom([]netfilter.VerdictKind{netfilter.Jump, netfilter.Jump, netfilter.Goto}).Draw(d.T, "jump")
	i := len(d.table.Chains) - rapid.IntRange(1, min(d.below, 2)).Draw(d.T, "target")
	return []netfilter.Step{netfilter.Verdict{Kind: kind, Chain: d.table.Chains[i].Name}}
}

func (d drawing) verdictMap() netfilter.Step {
	s := &netfilter.Set{Name: "vmap"}
	kinds := []netfilter.VerdictKind{netfilter.Accept, netfilter.Return, netfilter.Continue}
	if !d.nat {
		kinds = append(kinds, netfilter.Drop)
	}
	for _, port := range ports {
		if rapid.Bool().Draw(d.T, "element") {
			v := netfilter.Verdict{Kind: rapid.SampledFrom(kinds).Draw(d.T, "verdict")}
			s.Elements = append(s.Elements, netfilter.Element{Key: []netfilter.Ranges{numbers(6, 17), numbers(port)}, Verdict: &v})
		}
	}
	return netfilter.VerdictMap{Fields: uses(netfilter.Protocol, netfilter.DestinationPort), Set: s}
}

// translation draws a NAT that fits the chain's hook. Masquerading what the host says to itself is left out: which of its
// addresses that gets is not known.
func (d drawing) translation() []netfilter.Step {
	hook := d.chain.Base.Hook
	n := netfilter.NAT{Kind: netfilter.DNAT}
	six := d.table.Family == netfilter.IPv6
	switch {
	case hook == netfilter.Prerouting || hook == netfilter.Output:
		if rapid.IntRange(0, 4).Draw(d.T, "redirect") == 0 {
			return []netfilter.Step{netfilter.NAT{Kind: netfilter.Redirect, FirstPort: 22, LastPort: 22}}
		}
		n.First = address(d.T, six)
		if p := uint16(d.number(ports).Low); p%2 == 0 {
			n.FirstPort, n.LastPort = p, p
		}
	case hook == netfilter.Postrouting && rapid.Bool().Draw(d.T, "masquerade"):
		outside := netfilter.InterfaceTest{Field: netfilter.OutInterface, Names: []netfilter.InterfaceName{{Name: "lo"}}, Negate: true}
		return []netfilter.Step{outside, netfilter.NAT{Kind: netfilter.Masquerade}}
	default:
		n.Kind, n.First = netfilter.SNAT, address(d.T, six)
	}
	n.Last = n.First
	return []netfilter.Step{n}
}

func address(t *rapid.T, six bool) netip.Addr {
	if six {
		return netip.MustParseAddr(rapid.SampledFrom(Addresses6).Draw(t, "address"))
	}
	return netip.MustParseAddr(rapid.SampledFrom(Addresses4).Draw(t, "address"))
}
