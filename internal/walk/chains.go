package walk

import (
	"cmp"
	"math"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
)

// Walker follows packets through one machine. It may be used by many at once; the machine must not change.
type Walker struct {
	machine   *netfilter.Machine
	hooks     [2][netfilter.Postrouting + 1][]call // of IPv4 and IPv6
	fib       [2]*fib
	links     map[string]*host.Interface
	settings  map[string]settings
	forwards6 bool
	bridged   [2]bool // whether bridged packets of IPv4 and IPv6 meet the IP hooks
	tracks    [2]bool // whether conntrack is in use at all
}

// call is one thing that a hook calls: a base chain, or a part of the kernel's own.
type call struct {
	priority int
	kind     callKind
	chains   []*chain // one of a chainCall; of a natCall all nat chains
}

type callKind uint8

const (
	chainCall callKind = iota
	defragCall
	trackCall
	natCall
	confirmCall
)

// chain is a chain made ready: its rules with their steps sorted into parts, and the chains they lead to found.
type chain struct {
	source *netfilter.Chain
	rules  []rule
	loops  bool // it can lead back to itself: the kernel does not load such rules
	id     int
}

type rule struct {
	source   *netfilter.Rule
	parts    []part
	xtables  bool // of iptables: some matches treat a missing field otherwise
	verdicts bool // whether anything but notes hangs on its matches
}

// part are some matches and the action that is taken if all of them match; nil at the end of a rule without one.
type part struct {
	matches []netfilter.Match
	conds   []cond // the matches made ready
	action  netfilter.Action
	target  *chain            // of a Verdict that jumps
	targets map[string]*chain // of a VerdictMap
}

// cond is a match made ready. All are nil of one that is not understood.
type cond struct {
	test   *netfilter.Test
	names  *netfilter.InterfaceTest
	lookup *netfilter.Lookup
	either [][]cond
	negate bool // of either
}

// New makes a machine ready for walks.
func New(m *netfilter.Machine) *Walker {
	w := &Walker{machine: m, links: map[string]*host.Interface{}}
	for i := range m.Interfaces {
		w.links[m.Interfaces[i].Name] = &m.Interfaces[i]
	}
	w.readSettings()
	c := compiler{ready: map[*netfilter.Chain]*chain{}}
	bases := c.bases(m.Rules)
	c.markLoops()
	for i, family := range []netfilter.Family{netfilter.IPv4, netfilter.IPv6} {
		w.fib[i] = newFIB(m, family)
		w.tracks[i] = m.Rules != nil && usesConntrack(m.Rules, family)
		for h := range w.hooks[i] {
			w.hooks[i][h] = w.callsOf(bases, family, netfilter.Hook(h))
		}
	}
	return w
}

// callsOf are the hook's calls in order. All nat chains run inside one call, at the priority of nf_nat's own hook,
// whatever theirs are; those only order them. The family's first nat chain registers that hook, everywhere
// (net/netfilter/nf_nat_core.c, nf_nat_register_fn).
func (w *Walker) callsOf(bases []*chain, family netfilter.Family, h netfilter.Hook) []call {
	calls, nat := kernelCalls(h), []*chain(nil)
	first, at := firstNAT(bases, family), -1
	for _, b := range bases {
		base := b.source.Base
		if b == first {
			at = len(calls)
		}
		switch {
		case base.Hook != h || !b.source.Table.Family.Sees(family):
		case base.Type == netfilter.NATChain:
			nat = append(nat, b)
		default:
			calls = append(calls, call{base.Priority, chainCall, []*chain{b}})
		}
	}
	if at >= 0 && h != netfilter.Forward {
		slices.SortStableFunc(nat, func(a, b *chain) int { return cmp.Compare(a.source.Base.Priority, b.source.Base.Priority) })
		calls = slices.Insert(calls, at, call{natPriority(h), natCall, nat})
	}
	slices.SortStableFunc(calls, func(a, b call) int { return cmp.Compare(a.priority, b.priority) })
	return calls
}

// kernelCalls are what the kernel itself hooks in (enum nf_ip_hook_priorities).
func kernelCalls(h netfilter.Hook) []call {
	const defragment, last = -400, math.MaxInt32
	switch h {
	case netfilter.Prerouting, netfilter.Output:
		return []call{{priority: defragment, kind: defragCall}, {priority: netfilter.PriorityConntrack, kind: trackCall}}
	case netfilter.Input, netfilter.Postrouting:
		return []call{{priority: last, kind: confirmCall}}
	}
	return nil
}

func natPriority(h netfilter.Hook) int {
	if h == netfilter.Prerouting || h == netfilter.Output {
		return netfilter.PriorityDestination
	}
	return netfilter.PrioritySource
}

// firstNAT is the nat chain that was registered first, the last of the bases; nil if there is none.
func firstNAT(bases []*chain, family netfilter.Family) *chain {
	for _, c := range slices.Backward(bases) {
		if c.source.Base.Type == netfilter.NATChain && c.source.Table.Family.Sees(family) {
			return c
		}
	}
	return nil
}
