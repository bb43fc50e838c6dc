package imports

import (
	"slices"
	"strings"
)

// builtin is a command that is not iptables'. Most say nothing about how they end.
func (s *script) builtin(n node, words []string) status {
	switch words[0] {
	case "export", "readonly", "local", "declare", "typeset":
		for _, t := range n.words[1:] {
			s.values.assign(t)
		}
		return succeeded
	case "unset":
		for _, name := range words[1:] {
			delete(s.values, name)
		}
		return succeeded
	case "exit", "return":
		s.ended = true
		return succeeded
	case "false":
		return failed
	case "true", ":", "echo", "printf", "set", "shift", "sleep", "modprobe", "sysctl", "logger":
		return succeeded
	}
	if slices.ContainsFunc(words[1:], func(w string) bool { return strings.Contains(w, chainName) }) {
		s.reading.notCarried(n.line, "what "+words[0]+" does with the chain is not known")
	}
	return unsure
}
