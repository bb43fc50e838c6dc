package imports

import (
	"fmt"
	"slices"
	"strings"
)

// knownStates are the states whose meaning for a conversation's first packet is known.
var knownStates = []string{"NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "DNAT", "SNAT"}

func (s *spec) state(o option) error {
	states := strings.Split(strings.ToUpper(o.value()), ",")
	for _, name := range states {
		if !slices.Contains(knownStates, name) {
			return fmt.Errorf("%s is no state of a conversation that means something here", printable(name))
		}
	}
	s.states = append(s.states, stateMatch{states, o.not})
	return nil
}

func (s *spec) direction(o option) error {
	dir := strings.ToUpper(o.value())
	if dir != "ORIGINAL" && dir != "REPLY" {
		return fmt.Errorf("%s is no direction of a conversation", printable(o.value()))
	}
	if o.not {
		dir = map[string]string{"ORIGINAL": "REPLY", "REPLY": "ORIGINAL"}[dir]
	}
	if s.dir != "" && s.dir != dir {
		s.never = append(s.never, "it wants both directions of a conversation at once")
	}
	s.dir = dir
	return nil
}

// destinationType is --dst-type: what is forwarded is never the host's own.
func (s *spec) destinationType(o option) error {
	local := strings.EqualFold(o.value(), "LOCAL")
	if !local && !strings.EqualFold(o.value(), "UNICAST") {
		return fmt.Errorf("the policy has no words for `%s`", printable(o.String()))
	}
	if local != o.not {
		s.never = append(s.never,
			"what reaches this chain never goes to the host itself: it has the container's address already")
	}
	return nil
}

// targetOption tells whether a target has been named, so that options unknown here are its own.
func targetOption(target string) bool { return target != "" }

// matchSet is --match-set: the set's addresses, where the text has them.
func (s *spec) matchSet(sets map[string]*ipset, o option) {
	if err := s.fromSet(sets, o); err != nil {
		s.unknown = append(s.unknown, err.Error())
	}
}

func (s *spec) fromSet(sets map[string]*ipset, o option) error {
	if len(o.values) != 2 {
		return fmt.Errorf("`%s` does not name a set and a direction", printable(o.String()))
	}
	set := sets[o.values[0]]
	switch {
	case set == nil:
		return fmt.Errorf("what is in the set %s is not in the text: add the output of `ipset save`", printable(o.values[0]))
	case set.why != "":
		return fmt.Errorf("the set %s cannot be said in a policy: %s", printable(o.values[0]), set.why)
	}
	given := addresses{set: set.addresses(s.family)}
	if o.not {
		given = given.not(s.family)
	}
	switch o.values[1] {
	case "src":
		s.source = s.source.and(given)
	case "dst":
		s.dest = s.dest.and(given)
	default:
		return fmt.Errorf("the direction %s of a set is not known", printable(o.values[1]))
	}
	return nil
}
