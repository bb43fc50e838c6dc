package packetset

import (
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// neighbours find, for a box among thousands, the few that may overlap it. By each column boxes are put into places, a
// port or a network each; those that do not fit into one place are in none.
type neighbours struct {
	columns []placed
	all     []int32
}

// placed is the boxes by their places in one column.
type placed struct {
	column int
	open   int // how many of the lowest bits do not matter
	at     map[netfilter.Number][]int32
	large  []int32 // those that fit into no place
}

func (d *Decider) newNeighbours() *neighbours {
	n := &neighbours{}
	for i := range d.boxes {
		n.all = append(n.all, int32(i))
	}
	for c, column := range d.columns {
		p := placed{column: c, at: map[netfilter.Number][]int32{}}
		if column.bits > 16 {
			p.open = column.bits / 4 // addresses by their networks: of IPv4 by /24
		}
		for i := range d.boxes {
			if at, fits := p.placeOf(&d.boxes[i]); fits {
				p.at[at] = append(p.at[at], int32(i))
			} else {
				p.large = append(p.large, int32(i))
			}
		}
		n.columns = append(n.columns, p)
	}
	return n
}

// placeOf is the only place that a box's numbers are in.
func (p *placed) placeOf(b *Box) (at netfilter.Number, fits bool) {
	ranges := b.Columns[p.column]
	if len(ranges) == 0 {
		return at, false
	}
	mask := netfilter.LowBits(p.open).Not()
	at = ranges[0].First.And(mask)
	return at, ranges[len(ranges)-1].Last.And(mask) == at
}

// near are the boxes that may overlap one, by the column that leaves the fewest of them, in order.
func (n *neighbours) near(b *Box) []int32 {
	var best *placed
	fewest := len(n.all)
	for c := range n.columns {
		p := &n.columns[c]
		if at, fits := p.placeOf(b); fits && len(p.at[at])+len(p.large) < fewest {
			best, fewest = p, len(p.at[at])+len(p.large)
		}
	}
	if best == nil {
		return n.all
	}
	at, _ := best.placeOf(b)
	some := slices.Concat(best.at[at], best.large)
	slices.Sort(some)
	return some
}
