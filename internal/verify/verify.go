// Package verify proves, for all packets, that the rules a kernel holds do what a policy means: what the policy refuses
// reaches no container, what it allows is not refused by dockwall's own rules, and what it does not govern they leave
// alone. Where that is not so it has a packet that shows it.
//
// One side is the policy's meaning as sets of packets (Meaning, held against policy.Decide by its tests), the other the
// rules as they were read back from the kernel, followed by package reach. Neither knows the compiler of gates.
//
// Three packets of every conversation are looked at: the first one; a later one, and an answer, of a conversation that
// is established though the rules may refuse it now, because taking a rule away must cut those too. An answer may take
// another interface than it was asked on, so that rules which name one refuse no answers.
package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
	"github.com/dockwall/dockwall/internal/policy"
	"github.com/dockwall/dockwall/internal/reach"
)

// Result is what a proof found.
type Result struct {
	Classes uint64  // of packets that were told apart
	Wrong   []Wrong // empty: proven
	Foreign []Foreign
	Doubts  []string // sentences: why something is only possible
}

// Proven tells whether the rules certainly do what the policy means.
func (r *Result) Proven() bool { return len(r.Wrong) == 0 && len(r.Doubts) == 0 }

// Fault is what is wrong with a packet's way.
type Fault string

// The faults.
const (
	Reaches Fault = "the policy refuses it, but it comes through"
	Refused Fault = "the policy allows it, but dockwall's rules refuse it"
	Touched Fault = "the policy does not govern it, but dockwall's rules refuse it"
	Unclear Fault = "the policy refuses it, and it is not known whether it comes through"
)

// Wrong is packets on which the rules and the policy differ, with one of them.
type Wrong struct {
	Fault    Fault
	Packet   netfilter.Packet // the conversation's first, as it arrives
	Moment   reach.Moment     // which packet of the conversation it is about
	Out      string           // where it leaves, "" where it does not
	Possibly bool             // it hangs on what is not known
	Rule     *netfilter.Rule  // that decided, nil where none did
	Chain    *netfilter.Chain
	Decision policy.Decision // what the policy says of the conversation
}

// Foreign is a rule of others that refuses what the policy allows.
type Foreign struct {
	Rule   *netfilter.Rule
	Chain  *netfilter.Chain
	Packet netfilter.Packet // an example, the conversation's first
}

// most bounds how many wrong packets are reported, and how many rules of others.
const most = 50

// Check proves a policy, with the labels' rules merged in, on a host whose rules were captured. The two address families
// have nothing in common, and are gone through at the same time.
func Check(ctx context.Context, p *policy.Policy, h *host.Host, m *netfilter.Machine) (*Result, error) {
	families := []netfilter.Family{netfilter.IPv4, netfilter.IPv6}
	results, errs := make([]*Result, len(families)), make([]error, len(families))
	var group sync.WaitGroup
	for i, f := range families {
		group.Go(func() { results[i], errs[i] = checkFamily(ctx, p, h, m, f) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	all := &Result{Doubts: slices.Clone(m.Rules.Unread)}
	for _, r := range results {
		all.Classes += r.Classes
		all.Wrong = append(all.Wrong, r.Wrong...)
		all.Foreign = append(all.Foreign, r.Foreign...)
		all.Doubts = append(all.Doubts, r.Doubts...)
	}
	all.Wrong, all.Foreign = all.Wrong[:min(len(all.Wrong), most)], all.Foreign[:min(len(all.Foreign), most)]
	return all, nil
}

// checkFamily proves it for one address family.
func checkFamily(ctx context.Context, p *policy.Policy, h *host.Host, m *netfilter.Machine, f netfilter.Family) (*Result, error) {
	analysis, result := reach.New(m), &Result{}
	space := analysis.Space(f)
	c := &checker{result: result, analysis: analysis, host: h, policy: p, family: f, space: space, meaning: NewMeaning(space, p, h),
		foreign: map[*netfilter.Chain]map[*netfilter.Rule]bool{}, reported: map[string]bool{}, made: map[string]packetset.Set{}}
	c.bridges = h.Bridges()
	c.begins = Beginning(c.space)
	c.audible = c.begins.Minus(c.meaning.deaf())
	c.mute = c.space.Where(netfilter.TCPFlags, netfilter.AllOnes, netfilter.One(netfilter.Small(0)))
	if err := c.all(ctx, m.Interfaces); err != nil {
		return nil, err
	}
	if c.space.Full() {
		result.Doubts = append(result.Doubts, fmt.Sprintf("the sets of %s packets became too large to be followed to the end", f))
	}
	return result, nil
}

// Beginning are the packets that begin a conversation: conntrack takes others for invalid, or for somebody else's.
func Beginning(s *packetset.Space) packetset.Set {
	is := func(f netfilter.Field, mask netfilter.Number, values ...uint64) packetset.Set {
		var ranges []netfilter.Range
		for _, v := range values {
			ranges = append(ranges, netfilter.Range{First: netfilter.Small(v), Last: netfilter.Small(v)})
		}
		return s.Where(f, mask, netfilter.NewRanges(ranges...))
	}
	const (
		tcp              = 6
		finSynResetAck   = 1 | 2 | 4 | 16
		syn              = 2
		otherFamilysICMP = 0
	)
	other := is(netfilter.Protocol, netfilter.AllOnes, tcp, 1, 58, otherFamilysICMP).Not()
	echoes := is(netfilter.ICMPType, netfilter.AllOnes, echoRequest4)
	if s.Family() == netfilter.IPv6 {
		echoes = is(netfilter.ICMPType, netfilter.AllOnes, echoRequest6)
	}
	return other.Or(echoes).Or(is(netfilter.TCPFlags, netfilter.Small(finSynResetAck), syn))
}
