// Package checks says how many cases rapid draws in tests that are slow, because a kernel takes part in them.
//
// Invariant. What the command line says (-rapid.checks) always counts.
package checks

import (
	"flag"
	"strconv"
	"sync"
)

const name = "rapid.checks"

// given tells whether the command line says how many. It is asked before the flag is first set here: afterwards the flag
// does not tell who set it.
var given = sync.OnceValue(func() bool {
	found := false
	flag.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
})

// Draw makes rapid draw n cases from now on, until restore is called. Flags must have been parsed.
func Draw(n int) (restore func() error, err error) {
	if given() {
		return func() error { return nil }, nil
	}
	before := flag.Lookup(name).Value.String()
	return func() error { return flag.Set(name, before) }, flag.Set(name, strconv.Itoa(n))
}
