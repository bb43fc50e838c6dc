package packetset

import (
	"slices"
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
	"pgregory.net/rapid"
)

// TestDeciderFindsTheFirstBox compares with asking the boxes one by one, of every packet of the tiny world.
func TestDeciderFindsTheFirstBox(t *testing.T) { findsTheFirstBox(t, manyCovering, 12) }

// TestDeciderSplitsLists does the same where boxes that cover a part are mostly decided by themselves, and where many are.
func TestDeciderSplitsLists(t *testing.T) {
	findsTheFirstBox(t, 1, 12)
	findsTheFirstBox(t, manyCovering, 60)
}

func findsTheFirstBox(t *testing.T, many, most int) {
	fields := []netfilter.Field{netfilter.SourceAddress, netfilter.Protocol, netfilter.DestinationPort}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		var boxes []Box
		var list []int32
		for i := range rapid.IntRange(0, most).Draw(t, "boxes") {
			boxes = append(boxes, drawBox(t, fields))
			list = append(list, int32(i))
		}
		asked := append([]Box(nil), boxes...)
		d := w.space.NewDecider(fields, boxes, 3)
		d.many = many
		part := list[:rapid.IntRange(0, len(list)).Draw(t, "part")]
		for _, some := range [][]int32{list, part} { // the second one meets what is remembered of the first
			sets := d.Decide(some)
			for _, p := range w.packets {
				want := firstFit(asked, some, p)
				for outcome, set := range sets {
					if got, _ := set.Contains(p); got != (outcome == want) {
						t.Fatalf("%+v: in the set of outcome %d: %v, want outcome %d", p, outcome, got, want)
					}
				}
			}
		}
		checkShadows(t, d, asked, w)
	})
}

func drawBox(t *rapid.T, fields []netfilter.Field) Box {
	b := Box{Outcome: rapid.IntRange(0, 2).Draw(t, "outcome"), Columns: make([]netfilter.Ranges, len(fields))}
	for i, f := range fields {
		if rapid.Bool().Draw(t, "asks") {
			b.Columns[i] = append(netfilter.Ranges{}, drawRanges(t, f)...)
		}
	}
	return b
}

// firstFit asks one by one; 3 where none fits. Packets have a port 0 where they have none, as the bits say.
func firstFit(boxes []Box, list []int32, p netfilter.Packet) int {
	for _, i := range list {
		if fitsBox(boxes[i], p) {
			return boxes[i].Outcome
		}
	}
	return 3
}

func fitsBox(b Box, p netfilter.Packet) bool {
	for i, n := range []uint64{netfilter.OfAddress(p.Source).Low, uint64(p.Protocol), uint64(p.DestinationPort) | uint64(p.ICMPType)<<8} {
		if b.Columns[i] != nil && !b.Columns[i].Contains(netfilter.Small(n)) {
			return false
		}
	}
	return true
}

// checkShadows holds what is said of each box against sets: what it fits, without what those before it fit.
func checkShadows(t *rapid.T, d *Decider, boxes []Box, w world) {
	taken := w.space.None()
	for i, b := range boxes {
		set := w.boxSet(b)
		by, shadowed := d.Shadowed(int32(i))
		if shadowed != set.Minus(taken).IsEmpty() {
			t.Fatalf("box %d of %v is shadowed: %v", i, boxes, shadowed)
		}
		var some []int32
		for o := range i {
			if !set.And(w.boxSet(boxes[o])).IsEmpty() {
				some = append(some, int32(o))
			}
		}
		if all := slices.IndexFunc(some, func(o int32) bool { return set.Minus(w.boxSet(boxes[o])).IsEmpty() }); all >= 0 {
			some = some[all : all+1]
		}
		if !slices.Equal(by, some) {
			t.Fatalf("box %d of %v: %v fit some of it, want %v", i, boxes, by, some)
		}
		taken = taken.Or(set)
	}
}

// boxSet are the packets that fit a box.
func (w world) boxSet(b Box) Set {
	set := w.space.All()
	for i, f := range []netfilter.Field{netfilter.SourceAddress, netfilter.Protocol, netfilter.DestinationPort} {
		if b.Columns[i] != nil {
			set = set.And(w.space.Reads(Plain(f), b.Columns[i]))
		}
	}
	return set
}
