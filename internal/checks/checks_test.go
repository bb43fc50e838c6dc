package checks

import (
	"testing"

	"pgregory.net/rapid"
)

// drawn is how many cases rapid draws.
func drawn(t *testing.T) int {
	n := 0
	rapid.Check(t, func(*rapid.T) { n++ })
	return n
}

// The second time counts as the first one does, although the flag is set by then.
func TestDraw(t *testing.T) {
	if given() {
		t.Log("the command line says how many: nothing can be seen but that it counts")
	}
	before := drawn(t)
	for _, n := range []int{3, 7} {
		restore, err := Draw(n)
		if err != nil {
			t.Fatal(err)
		}
		if got := drawn(t); got != n && !given() || got != before && given() {
			t.Errorf("%d cases were drawn, want %d", got, n)
		}
		if err := restore(); err != nil {
			t.Fatal(err)
		}
		if got := drawn(t); got != before {
			t.Errorf("%d cases were drawn afterwards, want %d as before", got, before)
		}
	}
}
