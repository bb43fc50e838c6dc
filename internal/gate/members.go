package gate

import (
	"cmp"
	"container/heap"
	"net/netip"
	"slices"

	"go4.org/netipx"
)

// claim is a range of addresses that the line at a place speaks of.
type claim struct {
	netipx.IPRange
	place int
}

// claims is a heap: the line that stands first is on top.
type claims []claim

func (c claims) Len() int           { return len(c) }
func (c claims) Less(i, j int) bool { return c[i].place < c[j].place }
func (c claims) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }
func (c *claims) Push(x any)        { *c = append(*c, x.(claim)) }
func (c *claims) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

// members are the lines' clients, cut so that each address belongs to the first line that has it.
func members(lines []*Line) []Member {
	own := settled(claimsOf(lines))
	members := make([]Member, len(own))
	for i, o := range own {
		members[i] = Member{Range: o.IPRange, Rule: lines[o.place].Rule}
	}
	return members
}

// settled cuts claims so that none overlap. It goes up through the addresses and keeps the claims that hold the
// current one, and perhaps some that have ended.
func settled(waiting []claim) []claim {
	var open claims
	out := make([]claim, 0, len(waiting))
	cuts := cutsOf(waiting)
	for i, first := range cuts {
		for len(waiting) > 0 && waiting[0].From() == first {
			heap.Push(&open, waiting[0])
			waiting = waiting[1:]
		}
		for len(open) > 0 && open[0].To().Less(first) {
			heap.Pop(&open)
		}
		if len(open) == 0 {
			continue
		}
		last := open[0].To()
		if i+1 < len(cuts) {
			last = cuts[i+1].Prev()
		}
		out = extend(out, claim{netipx.IPRangeFrom(first, last), open[0].place})
	}
	return out
}

// extend adds a claim to those below it, as one with the last where it belongs to the same line and touches it.
func extend(all []claim, next claim) []claim {
	if n := len(all); n > 0 && all[n-1].place == next.place && all[n-1].To().Next() == next.From() {
		all[n-1].IPRange = netipx.IPRangeFrom(all[n-1].From(), next.To())
		return all
	}
	return append(all, next)
}

// covered are the addresses of sorted members, as few ranges as possible.
func covered(members []Member) []netipx.IPRange {
	var all []claim
	for _, m := range members {
		all = extend(all, claim{IPRange: m.Range})
	}
	ranges := make([]netipx.IPRange, len(all))
	for i := range all {
		ranges[i] = all[i].IPRange
	}
	return ranges
}

// claimsOf are the ranges of the lines' clients, lowest first.
func claimsOf(lines []*Line) []claim {
	all := make([]claim, 0, len(lines))
	for i, l := range lines {
		for _, r := range l.Client.Ranges {
			all = append(all, claim{r, i})
		}
	}
	slices.SortFunc(all, func(a, b claim) int {
		return cmp.Or(a.From().Compare(b.From()), cmp.Compare(a.place, b.place))
	})
	return all
}

// cutsOf are the addresses where a claim begins or has ended.
func cutsOf(all []claim) []netip.Addr {
	cuts := make([]netip.Addr, 0, 2*len(all))
	for _, c := range all {
		cuts = append(cuts, c.From())
		if next := c.To().Next(); next.IsValid() {
			cuts = append(cuts, next)
		}
	}
	slices.SortFunc(cuts, netip.Addr.Compare)
	return slices.Compact(cuts)
}
