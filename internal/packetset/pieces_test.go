package packetset

import (
	"testing"

	"github.com/dockwall/dockwall/internal/netfilter"
	"pgregory.net/rapid"
)

// TestPiecesMakeUpTheSet puts the pieces of a random set together again, in any of its fields.
func TestPiecesMakeUpTheSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		unknowns := []Set{w.space.Undecided("a rate"), w.space.Undecided("the time")}
		p := w.test(t)
		for range rapid.IntRange(1, 12).Draw(t, "operations") {
			p = w.combined(t, p, w.operand(t, unknowns, []piece{p}))
		}
		f := rapid.SampledFrom([]netfilter.Field{netfilter.Protocol, netfilter.DestinationPort, netfilter.SourceAddress, netfilter.TTL}).Draw(t, "by")
		together, end := w.space.None(), netfilter.Number{}
		for i, piece := range p.set.Pieces(f) {
			if i > 0 && piece.First.Compare(end) <= 0 || piece.Last.Compare(piece.First) < 0 || piece.Rest.IsEmpty() {
				t.Fatalf("piece %d %+v, after %v", i, piece, end)
			}
			if again := piece.Rest.Pieces(f); len(again) != 1 {
				t.Fatalf("the rest of piece %d hangs on %v: %+v", i, f, again)
			}
			end = piece.Last
			together = together.Or(piece.Rest.And(w.space.Reads(Plain(f), netfilter.Ranges{piece.Range})))
		}
		if together != p.set {
			t.Fatalf("the pieces by %v are not the set", f)
		}
	})
}
