package nftables

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A gate that is put back on a machine with nothing in it, not even links, reads back as the one that was in force.
func TestRestore(t *testing.T) {
	before := newMachine(t)
	g := everything()
	before.apply(g)
	rendered, err := before.b.Render(g, time.Time{})
	must(t, err)

	after := newMachine(t)
	must(t, after.ns.Do(func() error { return after.b.Restore(t.Context(), rendered) }))
	if diff := cmp.Diff(before.wording(), after.wording()); diff != "" {
		t.Errorf("the restored gate reads back otherwise (-before +after):\n%s", diff)
	}
	if rest := after.change(g); !rest.Empty() {
		t.Errorf("after the restore something is left to do: %s", rest.Summary)
	}
}
