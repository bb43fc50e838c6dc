package reach

import (
	"cmp"
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// plan is a host made ready for the packets of one family.
type plan struct {
	family  netfilter.Family
	space   *packetset.Space
	places  *places
	sets    map[string]*netfilter.Set // ipset's
	unread  []string
	hooks   map[netfilter.Hook][]stage
	chains  map[*netfilter.Chain]*chain
	written map[netfilter.Field]bool // fields that some rule changes
	bridged map[string]bool          // bridges whose frames are shown to the IP hooks
	ported  packetset.Set            // the packets that have ports in a conntrack tuple
	filters map[*netfilter.Chain]*filter
	longRun int // see the constant
	built   map[placeKey]packetset.Set
	began   *beginning // of the last question about an established conversation
	// free says that every field is a variable by itself: for chains that are judged alone.
	free       bool
	interfaces *interfaceClasses
}

// stage is one thing that a hook calls: a chain, conntrack, or all nat chains.
type stage struct {
	priority int
	kind     stageKind
	chain    *netfilter.Chain
	nat      []*netfilter.Chain
}

type stageKind uint8

const (
	chainStage stageKind = iota
	conntrackStage
	natStage
)

func newPlan(m *netfilter.Machine, f netfilter.Family) *plan {
	p := &plan{family: f, space: packetset.NewSpace(f), sets: m.Rules.IPSets, unread: m.Rules.Unread,
		chains: map[*netfilter.Chain]*chain{}, filters: map[*netfilter.Chain]*filter{}, longRun: longRun,
		built: map[placeKey]packetset.Set{}, written: writtenFields(m.Rules)}
	p.places = newPlaces(m, f)
	p.bridged = bridged(m, f)
	p.ported = p.space.Has(netfilter.DestinationPort).Or(p.space.ICMP())
	p.hooks = map[netfilter.Hook][]stage{}
	for h := netfilter.Prerouting; h <= netfilter.Postrouting; h++ {
		p.hooks[h] = stages(m.Rules, h, f)
	}
	return p
}

// stages are what a hook calls, in order.
func stages(rules *netfilter.Ruleset, h netfilter.Hook, f netfilter.Family) []stage {
	var list []stage
	var nat []*netfilter.Chain
	for _, c := range registered(rules, h, f) {
		if c.Base.Type == netfilter.NATChain {
			nat = append(nat, c)
		} else {
			list = append(list, stage{priority: c.Base.Priority, chain: c})
		}
	}
	if h == netfilter.Prerouting || h == netfilter.Output {
		list = append(list, stage{priority: netfilter.PriorityConntrack, kind: conntrackStage})
	}
	if h != netfilter.Forward {
		list = append(list, stage{priority: natPriority(h), kind: natStage, nat: nat})
	}
	slices.SortStableFunc(list, func(a, b stage) int { return cmp.Compare(a.priority, b.priority) })
	return list
}

func natPriority(h netfilter.Hook) int {
	if manipOf(h) == destinationManip {
		return netfilter.PriorityDestination
	}
	return netfilter.PrioritySource
}

// registered are a hook's chains by priority, among equals the one that was registered last first.
func registered(rules *netfilter.Ruleset, h netfilter.Hook, f netfilter.Family) []*netfilter.Chain {
	var legacy, others []*netfilter.Chain
	for _, t := range rules.Tables {
		for _, c := range t.Chains {
			if t.Dormant || !t.Family.Sees(f) || c.Base == nil || c.Base.Hook != h {
				continue
			}
			if t.Origin == netfilter.XtablesLegacy {
				legacy = append(legacy, c)
			} else {
				others = append(others, c)
			}
		}
	}
	list := append(legacy, others...)
	slices.Reverse(list)
	slices.SortStableFunc(list, func(a, b *netfilter.Chain) int { return cmp.Compare(a.Base.Priority, b.Base.Priority) })
	return list
}

// writtenFields are the fields that rules change: what a field was at the beginning of a chain says nothing then.
func writtenFields(rules *netfilter.Ruleset) map[netfilter.Field]bool {
	fields := map[netfilter.Field]bool{}
	for _, t := range rules.Tables {
		for _, c := range t.Chains {
			for _, r := range c.Rules {
				noteWritten(r, fields)
			}
		}
	}
	return fields
}

func noteWritten(r *netfilter.Rule, fields map[netfilter.Field]bool) {
	for _, s := range r.Steps {
		switch s := s.(type) {
		case netfilter.SetField:
			fields[s.Field] = true
		case netfilter.NoTrack:
			fields[netfilter.ConntrackState] = true
		}
	}
}

// bridged are the bridges that hand their frames to the IP hooks (net.bridge.bridge-nf-call-iptables).
func bridged(m *netfilter.Machine, f netfilter.Family) map[string]bool {
	key := "net.bridge.bridge-nf-call-iptables"
	if f == netfilter.IPv6 {
		key = "net.bridge.bridge-nf-call-ip6tables"
	}
	list := map[string]bool{}
	for _, i := range m.Interfaces {
		list[i.Name] = i.Kind == "bridge" && isOn(m.Sysctls[key])
	}
	return list
}
