package xtables

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// extension is a match or a target: its options, each with the number of words behind it, and what they mean together.
type extension struct {
	options map[string]int
	means   func(s *sentence, options []option) ([]netfilter.Step, error)
	// inertRest tells of a target that nothing hangs on, whatever options it has.
	inertRest bool
}

// noOptions is what a chain takes.
var noOptions = &extension{}

// takes makes the options of "--name", "--name=1", "--name=2", separated by blanks.
func takes(list string) map[string]int {
	options := map[string]int{}
	for _, text := range strings.Fields(list) {
		name, arity, _ := strings.Cut(text, "=")
		options[name] = 0
		if arity != "" {
			options[name] = int(arity[0] - '0')
		}
	}
	return options
}

// each makes a meaning of what every option means by itself: all have to match.
func each(mean func(s *sentence, o option) ([]netfilter.Step, error)) func(*sentence, []option) ([]netfilter.Step, error) {
	return func(s *sentence, options []option) ([]netfilter.Step, error) {
		var steps []netfilter.Step
		for _, o := range options {
			more, err := mean(s, o)
			if err != nil {
				return nil, err
			}
			steps = append(steps, more...)
		}
		return steps, nil
	}
}

// undecidedError is the reason why an understood match cannot be decided.
type undecidedError string

func (e undecidedError) Error() string { return string(e) }

// hangsOn is a match that asks for what no snapshot has.
func hangsOn(options, reason string) *extension {
	return &extension{options: takes(options), means: func(*sentence, []option) ([]netfilter.Step, error) {
		return nil, undecidedError(reason)
	}}
}

// steps are the rule's: the basic tests, the matches, the target.
func (s *sentence) steps() []netfilter.Step {
	steps := s.base
	var last []netfilter.Step
	for i := range s.uses {
		u := &s.uses[i]
		if !u.isTarget {
			steps = append(steps, s.match(u)...)
		} else if last != nil {
			last = []netfilter.Step{netfilter.Unclear{Text: s.raw(u), Reason: "the rule has two targets"}}
		} else {
			last = s.act(u)
		}
	}
	return append(s.harmless(steps, last), last...)
}

// raw is the words of a match or a target as they stand in the text.
func (s *sentence) raw(u *use) string { return s.text[u.start:u.end] }

// match is what a match means. What is not understood or cannot be known is one undecided step.
func (s *sentence) match(u *use) []netfilter.Step {
	if u.extension == nil {
		return s.doubt(u, fmt.Sprintf("dockwall does not know the match %s", shortened(u.name)), false)
	}
	if u.unknown != "" {
		return s.doubt(u, fmt.Sprintf("dockwall does not know this of the match %s: %s", u.name, shortened(u.unknown)), false)
	}
	steps, err := u.extension.means(s, u.options)
	var open undecidedError
	switch {
	case errors.As(err, &open):
		return append(steps, s.doubt(u, err.Error(), true)...)
	case err != nil:
		return s.doubt(u, fmt.Sprintf("dockwall cannot read the match %s: %v", u.name, err), false)
	}
	return steps
}

func (s *sentence) doubt(u *use, reason string, understood bool) []netfilter.Step {
	return []netfilter.Step{netfilter.Undecided{Text: s.raw(u), Reason: reason, Understood: understood}}
}

// act is what a target means.
func (s *sentence) act(u *use) []netfilter.Step {
	unclear := func(reason string) []netfilter.Step {
		return []netfilter.Step{netfilter.Unclear{Text: s.raw(u), Reason: reason}}
	}
	switch {
	case u.extension == noOptions && u.unknown == "":
		return []netfilter.Step{netfilter.Verdict{Kind: u.jump, Chain: u.name}}
	case u.extension == nil:
		return unclear(fmt.Sprintf("dockwall does not know the target %s", shortened(u.name)))
	case u.extension.inertRest:
		return []netfilter.Step{netfilter.Note{Text: s.raw(u)}}
	case u.unknown != "":
		return unclear(fmt.Sprintf("dockwall does not know this of the target %s: %s", u.name, shortened(u.unknown)))
	}
	steps, err := u.extension.means(s, u.options)
	if err != nil {
		return unclear(err.Error())
	}
	return steps
}

// headerReason marks the matches on IPv6 extension headers.
const headerReason = "it hangs on IPv6 extension headers of the packet"

// harmless lets matches on extension headers fail in rules that only drop or reject, see the package's comment.
func (s *sentence) harmless(steps, last []netfilter.Step) []netfilter.Step {
	if len(last) != 1 {
		return steps
	}
	v, ok := last[0].(netfilter.Verdict)
	if !ok || v.Kind != netfilter.Drop && v.Kind != netfilter.Reject {
		return steps
	}
	for i, step := range steps {
		if u, ok := step.(netfilter.Undecided); ok && u.Reason == headerReason {
			steps[i] = never
		}
	}
	return steps
}
