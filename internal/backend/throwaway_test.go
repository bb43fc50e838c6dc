package backend

import (
	"os"
	"testing"

	"github.com/dockwall/dockwall/internal/netlab"
)

// Work in a throwaway namespace is done elsewhere, and the process as others see it stays where it was.
func TestInThrowaway(t *testing.T) {
	netlab.Need(t)
	before := namespace(t, "/proc/self/ns/net")
	for range 20 {
		err := InThrowaway(func() error {
			if inside := namespace(t, "/proc/thread-self/ns/net"); inside == before {
				t.Errorf("the throwaway namespace is the process's own, %s", inside)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if after := namespace(t, "/proc/self/ns/net"); after != before {
			t.Fatalf("the process is in %s, and was in %s", after, before)
		}
	}
}

func namespace(t *testing.T, path string) string {
	t.Helper()
	link, err := os.Readlink(path)
	if err != nil {
		t.Fatal(err)
	}
	return link
}
