package pathwitness

import "fmt"

// Tally counts what was compared.
type Tally struct {
	Cases, Packets int
	Moments        [3]int // packets by walk.Moment
	Certain        int    // walks with one way that nothing hung on: their path was compared
	Steps          int    // of those paths
	Unknown        int    // walks that only said that it cannot be said
	Ends           map[Ending]int
	Again          int // batches sent again after trace messages were lost
}

// NewTally is an empty one.
func NewTally() *Tally { return &Tally{Ends: map[Ending]int{}} }

func (y *Tally) String() string {
	return fmt.Sprintf("%d rulesets, %d packets (%d first, %d later, %d answers): %d delivered, %d left, %d gone; of %d the path "+
		"was compared, rule by rule, with %d steps; of %d nothing was said; %d batches were sent again",
		y.Cases, y.Packets, y.Moments[0], y.Moments[1], y.Moments[2], y.Ends[Delivered], y.Ends[Left], y.Ends[Gone], y.Certain,
		y.Steps, y.Unknown, y.Again)
}
