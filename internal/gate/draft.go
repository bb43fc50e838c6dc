package gate

import (
	"cmp"
	"maps"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/policy"
)

// draft is a dispatch in the making: all its lines, in the order they will have in chains, and what each speaks of.
type draft struct {
	lines []*Line
	spans map[host.Protocol][]span
	echo  []int // of lines
	other []int
}

// span is an inclusive range of ports that a line speaks of.
type span struct {
	first, last int
	line        int // in draft.lines
}

func newDraft() *draft { return &draft{spans: map[host.Protocol][]span{}} }

// add makes a line speak of what is in the ports of its rule and, at the same time, in the ranges.
func (d *draft) add(l *Line, sets []policy.PortSet, ranges []policy.PortRange) {
	line := len(d.lines)
	d.lines = append(d.lines, l)
	if len(sets) == 0 {
		sets = []policy.PortSet{{Protocol: host.ICMP}, {Protocol: host.TCP}, {Protocol: host.UDP}, {Protocol: host.SCTP}}
		if contains(ranges, 0) {
			d.other = append(d.other, line)
		}
	}
	for _, s := range sets {
		d.addSet(line, s, ranges)
	}
}

func (d *draft) addSet(line int, s policy.PortSet, ranges []policy.PortRange) {
	if s.Protocol == host.ICMP {
		if contains(ranges, 0) {
			d.echo = append(d.echo, line)
		}
		return
	}
	own := s.Ranges
	if len(own) == 0 {
		own = everyPort()
	}
	for _, r := range intersect(own, ranges) {
		d.spans[s.Protocol] = append(d.spans[s.Protocol], span{int(r.First), int(r.Last), line})
	}
}

// addPort makes a line speak of one port.
func (d *draft) addPort(l *Line, p host.Protocol, port uint16) {
	d.spans[p] = append(d.spans[p], span{int(port), int(port), len(d.lines)})
	d.lines = append(d.lines, l)
}

// dispatch is the finished dispatch of forwarded conversations: the port space cut wherever a line begins or ends.
func (d *draft) dispatch(c *chains, otherwise policy.Action) Dispatch {
	out := Dispatch{Default: otherwise}
	if len(d.other) > 0 {
		out.Other = c.chain("other", d.other, nil)
	}
	if len(d.echo) > 0 {
		out.Echo = c.chain("echo", d.echo, nil)
	}
	if out.Echo == out.Other {
		out.Echo = nil
	}
	for _, p := range slices.Sorted(maps.Keys(d.spans)) {
		out.Segments = append(out.Segments, d.segments(c, p, out.Other)...)
	}
	return out
}

// segments are those of one protocol, without those that other judges as well. A segment where no line speaks while
// other has some is needed, with a chain that decides nothing.
func (d *draft) segments(c *chains, p host.Protocol, other *Chain) []Segment {
	var out []Segment
	cuts := boundaries(d.spans[p])
	sweep(d.spans[p], cuts, func(i int, lines []int) {
		if len(lines) == 0 && other == nil {
			return
		}
		last := 65535
		if i+1 < len(cuts) {
			last = cuts[i+1] - 1
		}
		if chain := c.chain(portName(p, cuts[i]), lines, nil); chain != other {
			out = append(out, Segment{p, uint16(cuts[i]), uint16(last), chain})
		}
	})
	return joined(out)
}

// boundaries are the ports where a span begins or has ended.
func boundaries(spans []span) []int {
	cuts := make([]int, 0, 2*len(spans))
	for _, s := range spans {
		cuts = append(cuts, s.first)
		if s.last < 65535 {
			cuts = append(cuts, s.last+1)
		}
	}
	slices.Sort(cuts)
	return slices.Compact(cuts)
}

// sweep goes up through the ports, and at each of the (sorted) stops tells the lines whose spans hold it, in order.
// The stop is told by its place in stops; the lines are valid during the call only.
func sweep(spans []span, stops []int, visit func(i int, lines []int)) {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	var open []span
	var lines []int
	for i, stop := range stops {
		open = slices.DeleteFunc(open, func(s span) bool { return s.last < stop })
		for len(spans) > 0 && spans[0].first <= stop {
			if spans[0].last >= stop {
				open = append(open, spans[0])
			}
			spans = spans[1:]
		}
		slices.SortFunc(open, func(a, b span) int { return cmp.Compare(a.line, b.line) })
		lines = lines[:0]
		for _, s := range open {
			lines = append(lines, s.line)
		}
		visit(i, slices.Compact(lines))
	}
}

// joined makes one of neighbours with the same chain. The segments are those of one protocol.
func joined(segments []Segment) []Segment {
	var out []Segment
	for _, s := range segments {
		if n := len(out); n > 0 && out[n-1].Chain == s.Chain && out[n-1].Last+1 == s.First {
			out[n-1].Last = s.Last
			continue
		}
		out = append(out, s)
	}
	return out
}
