package testbed

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/dockwall/dockwall/internal/netlab"
)

// A program is killed before exactly the write that was asked for, also where its child makes it; without a number it ends
// by itself.
func TestKilledAt(t *testing.T) {
	netlab.Need(t)
	space, err := netlab.New()
	if err != nil {
		t.Fatal(err)
	}
	defer space.Close()
	for n := range 8 {
		path := filepath.Join(t.TempDir(), "out")
		var step Step
		err := space.Do(func() (err error) {
			script := "for i in 1 2 3; do echo line number $i; done; env true; echo line number 4"
			step, err = killedAt(exec.Command("sh", "-c", "exec >"+path+"; "+script), n)
			return err
		})
		text, _ := os.ReadFile(path)
		if want := max(0, min(14*(n-1), 42)); err != nil || n == 0 && string(text) != "line number 1\nline number 2\nline number 3\nline number 4\n" ||
			n > 0 && n < 5 && (len(text) != want || step.Writes != n || step.Before == "") {
			t.Errorf("killed before write %d: %+v, %q, %v", n, step, text, err)
		}
		t.Logf("%d: %+v %q", n, step, text)
	}
}
