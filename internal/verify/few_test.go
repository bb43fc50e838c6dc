package verify

import (
	"flag"
	"strconv"
	"sync"
	"testing"
)

// checksGiven tells whether the command line says how many worlds to draw: asked before few sets the flag itself.
var checksGiven = sync.OnceValue(func() bool {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	return given
})

// few makes rapid draw only so many worlds, unless the command line says how many: those that a kernel takes part in
// are slow.
func few(t *testing.T, checks int) {
	t.Helper()
	if checksGiven() {
		return
	}
	before := flag.Lookup("rapid.checks").Value.String()
	set := func(value string) {
		if err := flag.Set("rapid.checks", value); err != nil {
			t.Fatal(err)
		}
	}
	set(strconv.Itoa(checks))
	t.Cleanup(func() { set(before) })
}
