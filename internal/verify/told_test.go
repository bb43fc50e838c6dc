package verify

import "fmt"

// told is a fault for the log of a test.
func told(w Wrong) string {
	rule := "no rule"
	switch {
	case w.Rule != nil:
		rule = w.Rule.String() + ": " + w.Rule.Text
	case w.Chain != nil:
		rule = "the policy of " + w.Chain.Name
	}
	return fmt.Sprintf("%s (moment %d, possibly %v): %+v out %q by %s; the policy: %s", w.Fault, w.Moment, w.Possibly, w.Packet,
		w.Out, rule, w.Decision.Reason)
}
