package verify

import (
	"flag"
	"strconv"
	"testing"
)

// few makes rapid draw only so many worlds, unless the command line says how many: those that a kernel takes part in
// are slow.
func few(t *testing.T, checks int) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if given {
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
