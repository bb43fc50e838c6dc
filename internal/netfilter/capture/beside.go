package capture

import (
	"fmt"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// beside are sentences about rules that are known but stand where IP packets are not followed: before and after the IP
// hooks.
func beside(rules *netfilter.Ruleset) []string {
	var sentences []string
	for _, t := range rules.Tables {
		for _, c := range t.Chains {
			if c.Base == nil || t.Dormant || t.Family == netfilter.ARP || passesAll(c, map[*netfilter.Chain]bool{}) {
				continue
			}
			if t.Family == netfilter.Bridge || c.Base.Hook == netfilter.Ingress || c.Base.Hook == netfilter.Egress {
				sentences = append(sentences, fmt.Sprintf("the chain %s %s %s sees packets at the %s hook, where they are not "+
					"followed: what it drops is told as let through", t.Family, t.Name, c.Name, c.Base.Hook))
			}
		}
	}
	return sentences
}

// passesAll tells whether a chain, with those that it leads to, lets every packet through as it is: ebtables and firewalld
// make such chains for rules that may come.
func passesAll(c *netfilter.Chain, seen map[*netfilter.Chain]bool) bool {
	if c == nil || seen[c] {
		return true
	}
	seen[c] = true
	if c.Base != nil && c.Base.Policy == netfilter.Drop {
		return false
	}
	for _, r := range c.Rules {
		for _, step := range r.Steps {
			if !passesStep(c.Table, step, seen) {
				return false
			}
		}
	}
	return true
}

func passesStep(t *netfilter.Table, step netfilter.Step, seen map[*netfilter.Chain]bool) bool {
	switch s := step.(type) {
	case netfilter.Note, netfilter.Match:
		return true
	case netfilter.Verdict:
		switch s.Kind {
		case netfilter.Accept, netfilter.Return, netfilter.Continue:
			return true
		case netfilter.Jump, netfilter.Goto:
			return passesAll(t.Chain(s.Chain), seen)
		}
	}
	return false
}
