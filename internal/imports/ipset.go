package imports

import (
	"fmt"
	"slices"
	"strings"

	"go4.org/netipx"
)

// ipset is the content of a kernel's set, as far as the text has it.
type ipset struct {
	name          string
	ranges, holes []netipx.IPRange
	why           string // it cannot be said in a policy
}

// addresses are those of one family.
func (s *ipset) addresses(f family) *netipx.IPSet {
	return intersect(without(setOf(s.ranges...), setOf(s.holes...)), wholeSet(f))
}

// ipset plays a command of ipset, or a line of ipset save.
func (r *reading) ipset(line int, words []string, unknown string) {
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		return strings.HasPrefix(w, "-") && w != "-N" && w != "-A" && w != "-F"
	})
	if len(words) < 2 {
		return
	}
	set := r.sets[words[1]]
	switch words[0] {
	case "create", "-N", "n", "new":
		r.sets[words[1]] = newIPSet(words)
	case "flush", "-F", "destroy":
		if set != nil {
			set.ranges, set.holes = nil, nil
		}
	case "add", "-A":
		if set == nil {
			set = &ipset{name: words[1], why: "the text adds to it and does not make it"}
			r.sets[words[1]] = set
		}
		set.add(words[2:], unknown)
	}
	if unknown != "" {
		r.notCarried(line, "what "+unknown+" gives is not known")
	}
}

func newIPSet(words []string) *ipset {
	set := &ipset{name: words[1]}
	kind := ""
	if len(words) > 2 {
		kind = words[2]
	}
	if !slices.Contains([]string{"hash:ip", "hash:net", "iphash", "nethash", "bitmap:ip"}, kind) {
		set.why = fmt.Sprintf("it is of the type %s, not of addresses alone", printable(kind))
	}
	if slices.Contains(words, "timeout") {
		set.why = "its addresses run out with time"
	}
	return set
}

func (s *ipset) add(words []string, unknown string) {
	if s.why != "" {
		return
	}
	if len(words) == 0 || unknown != "" {
		s.why = "not all of its addresses are known"
		return
	}
	r, err := parseAddressRange(words[0])
	switch {
	case err != nil:
		s.why = err.Error()
	case slices.Contains(words, "nomatch"):
		s.holes = append(s.holes, r)
	default:
		s.ranges = append(s.ranges, r)
	}
}
