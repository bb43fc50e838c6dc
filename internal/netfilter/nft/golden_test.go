package nft

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dockwall/dockwall/internal/netfilter"
)

var update = flag.Bool("update", false, "write the golden files anew")

// What was understood of every recorded listing.
func TestGolden(t *testing.T) {
	for _, l := range recordings(t) {
		t.Run(l.name, func(t *testing.T) {
			tables, unread := Parse(read(t, l.path+".json"))
			got := netfilter.Format(tables)
			for _, sentence := range unread {
				got = strings.Join([]string{"unread: ", sentence, "\n", got}, "")
			}
			checkGolden(t, l.name, got)
		})
	}
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(read(t, path)), got); diff != "" {
		t.Errorf("what was read differs from %s (-want +got):\n%s", path, diff)
	}
}
