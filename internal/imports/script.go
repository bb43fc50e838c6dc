package imports

import (
	"errors"
	"path"
	"slices"
	"strings"
)

// status is how a command ended.
type status uint8

// The statuses.
const (
	unsure status = iota
	succeeded
	failed
)

// Limits of a script's run.
const (
	mostSteps    = 100_000
	deepestCalls = 20
)

var errTooLong = errors.New("the script runs too long to follow: give the output of iptables-save instead")

// script plays the commands of a shell script, as far as iptables is concerned.
type script struct {
	reading   *reading
	values    values
	functions map[string][]node
	steps     int
	calls     int
	ended     bool
}

// run plays a list of commands; the status is that of the last.
func (s *script) run(nodes []node) (status, error) {
	last := succeeded
	for _, n := range nodes {
		if s.ended {
			return last, nil
		}
		skipped := n.join == "&&" && last == failed || n.join == "||" && last == succeeded
		if skipped {
			continue
		}
		if last == unsure && (n.join == "&&" || n.join == "||") {
			s.doubt([]node{n}, "whether it runs depends on the command before it")
			continue
		}
		var err error
		if last, err = s.step(n); err != nil {
			return last, err
		}
	}
	return last, nil
}

func (s *script) step(n node) (status, error) {
	if s.steps++; s.steps > mostSteps {
		return failed, errTooLong
	}
	st, err := s.one(n)
	if n.not && st != unsure {
		st = succeeded + failed - st
	}
	return st, err
}

func (s *script) one(n node) (status, error) {
	switch n.form {
	case savedRule:
		return succeeded, s.reading.savedLine(n.line, n.name)
	case group:
		return s.run(n.body)
	case function:
		s.functions[n.name] = n.body
		return succeeded, nil
	case conditional:
		s.doubt(n.body, "it stands inside `"+n.name+"`, and whether it runs is not known")
		return unsure, nil
	case loop:
		return s.loop(n)
	}
	return s.simple(n)
}

func (s *script) loop(n node) (status, error) {
	var items []string
	for _, w := range n.words {
		words, unknown := s.values.expand(w)
		if unknown != "" {
			s.doubt(n.body, "it stands inside `for`, and what "+unknown+" gives is not known")
			return unsure, nil
		}
		items = append(items, words...)
	}
	for _, item := range items {
		s.values[n.name] = item
		if _, err := s.run(n.body); err != nil || s.ended {
			return succeeded, err
		}
	}
	return succeeded, nil
}

// doubt reports the rules among commands that may run or not.
func (s *script) doubt(nodes []node, why string) {
	for _, n := range nodes {
		if s.steps++; s.steps > mostSteps {
			return
		}
		s.doubt(n.body, why)
		if n.form == savedRule {
			continue
		}
		words, _ := s.words(n.words)
		if t, ok := toolOf(words); ok && t.commands() {
			s.reading.doubtful(n.line, words[1:], why)
		}
	}
}

// words are a command's words as the shell would make them, without what only starts the command.
func (s *script) words(tokens []token) (words []string, unknown string) {
	for _, t := range tokens {
		expanded, u := s.values.expand(t)
		words = append(words, expanded...)
		if unknown == "" {
			unknown = u
		}
	}
	return withoutStarter(words), unknown
}

// withoutStarter cuts sudo, exec and the like from before a command.
func withoutStarter(words []string) []string {
	starters := []string{"sudo", "doas", "exec", "command", "env", "nice", "time", "builtin"}
	for len(words) > 0 && slices.Contains(starters, path.Base(words[0])) {
		words = words[1:]
		for len(words) > 0 && strings.HasPrefix(words[0], "-") {
			words = words[1:]
		}
	}
	return words
}

func (s *script) simple(n node) (status, error) {
	for len(n.words) > 0 && s.values.assign(n.words[0]) {
		n.words = n.words[1:]
	}
	words, unknown := s.words(n.words)
	if len(words) == 0 {
		return succeeded, nil
	}
	if body, ok := s.functions[words[0]]; ok {
		return s.call(body, words)
	}
	if t, ok := toolOf(words); ok {
		return s.tool(t, n, words[1:], unknown)
	}
	return s.builtin(n, words), nil
}

// call plays a function's body with its arguments.
func (s *script) call(body []node, words []string) (status, error) {
	if s.calls++; s.calls > deepestCalls {
		return failed, errTooLong
	}
	defer func() { s.calls-- }()
	for i := 1; i <= 9; i++ {
		delete(s.values, string(rune('0'+i)))
		if i < len(words) {
			s.values[string(rune('0'+i))] = words[i]
		}
	}
	s.values["@"], s.values["*"] = strings.Join(words[1:], " "), strings.Join(words[1:], " ")
	st, err := s.run(body)
	s.ended = false // return
	return st, err
}
