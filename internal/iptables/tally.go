package iptables

import (
	"fmt"
	"strings"
)

// tally counts what a change does, by thing and deed: "chain", "new".
type tally map[[2]string]int

func (t tally) count(thing, deed string, n int) { t[[2]string{thing, deed}] += n }

// String is the tally for people: "3 chains new, 1 chain gone, 1 set new". Nothing counted: "".
func (t tally) String() string {
	var parts []string
	for _, thing := range []string{"chain", "jump", "set", "element"} {
		for _, deed := range []string{"new", "rewritten", "repaired", "gone"} {
			switch n := t[[2]string{thing, deed}]; n {
			case 0:
			case 1:
				parts = append(parts, fmt.Sprintf("1 %s %s", thing, deed))
			default:
				parts = append(parts, fmt.Sprintf("%d %ss %s", n, thing, deed))
			}
		}
	}
	return strings.Join(parts, ", ")
}
