package imports

import (
	"path"
	"strings"
)

// chainName is the chain that is imported.
const chainName = "DOCKER-USER"

// tool is a program that a script changes rules with.
type tool struct {
	name    string // "iptables", "iptables-restore", "iptables-save" or "ipset"
	family  family
	variant string // "nft", "legacy" or "": what the machine has
}

// commands tells whether the tool takes rules as its arguments.
func (t tool) commands() bool { return t.name == "iptables" }

// toolOf is the program that a command runs. A variable that the script does not set is taken by its name: $IPT6.
func toolOf(words []string) (tool, bool) {
	if len(words) == 0 {
		return tool{}, false
	}
	name := path.Base(words[0])
	if variable, ok := strings.CutPrefix(name, "$"); ok {
		return toolOfVariable(strings.ToLower(variable))
	}
	if name == "ipset" {
		return tool{name: name}, true
	}
	t := tool{}
	rest, ok := strings.CutPrefix(name, "iptables")
	if !ok {
		t.family = ipv6
		rest, ok = strings.CutPrefix(name, "ip6tables")
	}
	for _, variant := range []string{"nft", "legacy"} {
		if cut, has := strings.CutPrefix(rest, "-"+variant); has {
			t.variant, rest = variant, cut
		}
	}
	t.name = "iptables" + rest
	return t, ok && (rest == "" || rest == "-restore" || rest == "-save")
}

func toolOfVariable(name string) (tool, bool) {
	if !strings.Contains(name, "ipt") && !strings.Contains(name, "ip6t") {
		return tool{}, false
	}
	t := tool{name: "iptables"}
	if strings.Contains(name, "6") {
		t.family = ipv6
	}
	return t, true
}

// tool runs one of the tools.
func (s *script) tool(t tool, n node, words []string, unknown string) (status, error) {
	s.reading.variantUsed(n.line, t.variant)
	switch t.name {
	case "ipset":
		s.reading.ipset(n.line, words, unknown)
	case "iptables-restore":
		if len(n.here) == 0 {
			s.reading.notCarried(n.line, "it loads rules that are not in the text")
		}
		for _, line := range n.here {
			if err := s.reading.restoredLine(t.family, line.line, line.text); err != nil {
				return failed, err
			}
		}
	case "iptables":
		return s.reading.command(t.family, order{line: n.line, words: words, unknown: unknown})
	}
	return succeeded, nil
}
