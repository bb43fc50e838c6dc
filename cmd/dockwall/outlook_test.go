package main

import (
	"encoding/json"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dockwall/dockwall/internal/audit"
)

// promised checks that what a plan said to come is what a later one finds, for every publication and container; both are
// output of `plan --json`: promised BEFORE.json LATER.json
func promised(ts *testscript.TestScript, _ bool, args []string) {
	type view struct{ Reachability []differenceView }
	var plan, later view
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &plan))
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &later))
	after, now := map[string][]audit.Access{}, map[string][]audit.Access{}
	for _, d := range plan.Reachability {
		if d.Ports != "" && (!d.Direct || len(d.After) > 0) {
			after[d.Name+" "+d.key()] = d.After
		}
	}
	for _, d := range later.Reachability {
		now[d.Name+" "+d.key()] = d.Before
	}
	if len(after) == 0 {
		ts.Fatalf("%s promises nothing", args[0])
	}
	if diff := cmp.Diff(after, now); diff != "" {
		ts.Fatalf("what was promised is not what is (-promised +found):\n%s", diff)
	}
}

func (d *differenceView) key() string {
	if d.Direct {
		return "itself"
	}
	return d.Ports
}
