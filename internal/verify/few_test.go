package verify

import (
	"testing"

	"github.com/dockwall/dockwall/internal/checks"
)

// few makes rapid draw only so many worlds in this test.
func few(t *testing.T, worlds int) {
	t.Helper()
	restore, err := checks.Draw(worlds)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := restore(); err != nil {
			t.Error(err)
		}
	})
}
