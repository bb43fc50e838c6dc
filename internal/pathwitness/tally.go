package pathwitness

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/walk"
)

// Tally counts what was compared.
type Tally struct {
	Cases, Packets int
	Moments        [3]int // packets by walk.Moment
	Certain        int    // walks with one way that nothing hung on: their path was compared
	Steps          int    // of those paths
	Unknown        int    // walks that only said that it cannot be said
	Ends           map[Ending]int
	Again          int               // batches sent again after trace messages were lost
	Constructs     map[string][2]int // see count
	texts          map[string][]string
	Reasons        map[string]int // why packets' ways were not certain
}

// NewTally is an empty one.
func NewTally() *Tally {
	return &Tally{Ends: map[Ending]int{}, Reasons: map[string]int{}, Constructs: map[string][2]int{}, texts: map[string][]string{}}
}

func (y *Tally) String() string {
	return fmt.Sprintf("%d rulesets, %d packets (%d first, %d later, %d answers): %d delivered, %d left, %d gone; of %d the path "+
		"was compared, rule by rule, with %d steps; of %d nothing was said; %d batches were sent again; not certain because%s",
		y.Cases, y.Packets, y.Moments[0], y.Moments[1], y.Moments[2], y.Ends[Delivered], y.Ends[Left], y.Ends[Gone], y.Certain,
		y.Steps, y.Unknown, y.Again, y.reasons())
}

// unsure notes why a walk had no certain way.
func (y *Tally) unsure(ways []walk.Way) {
	for _, w := range ways {
		if w.End.Kind == walk.Unknown {
			y.Unknown++
			y.Reasons[afterRule(w.End.With)]++
			return
		}
	}
	for _, w := range ways {
		if len(w.Because) > 0 {
			y.Reasons[afterRule(w.Because[0])]++
			return
		}
	}
	y.Reasons["it makes no difference"]++
}

// afterRule is a reason without the rule that it is about.
func afterRule(text string) string {
	if i := strings.LastIndex(text, "\": "); i >= 0 {
		text = strings.TrimSuffix(text[i+3:], ")")
	}
	if i := strings.LastIndex(text, ", "); i >= 0 && strings.HasPrefix(text, "of ") {
		text = "one of several is taken"
	}
	return text
}

func (y *Tally) reasons() string {
	var list []string
	for reason, n := range y.Reasons {
		list = append(list, fmt.Sprintf("\n%6d %s", n, reason))
	}
	slices.Sort(list)
	slices.Reverse(list)
	return strings.Join(list, "")
}
