package pathwitness

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/walk"
)

// construct is something that rules are made of, as their texts have it.
var construct = regexp.MustCompile(`--[a-z][a-z0-9-]+|-m [a-z0-9]+|-j [A-Z]+|-[sdiopg] |![^=]|[a-z0-9]+ map |[a-z.0-9 ]*vmap|` +
	`\b(?:ct|fib|meta|tcp|udp|sctp|th|icmp|icmpv6|ip|ip6|ether|iif|oif)(?: (?:original|reply|daddr|saddr|ip|ip6|iif|oif|\.|mark))* [a-z0-9-]+|` +
	`\b(?:iifname|oifname|accept|drop|reject|return|jump|goto|continue|dnat|snat|masquerade|redirect|notrack|log|counter|limit|quota|add)\b|` +
	`[a-z] !=|@[a-z]+|[a-z0-9] - [a-z0-9]|\{`)

// constructsOf are the constructs in a rule's text.
func constructsOf(text string) []string {
	found := construct.FindAllString(text, -1)
	for i, f := range found {
		found[i] = strings.TrimSpace(f)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// count notes of a way that the kernel took too which constructs were in rules that matched, and in rules that did not.
func (y *Tally) count(w walk.Way) {
	for _, s := range w.Steps {
		if s.Rule == nil || s.Kind != walk.RuleMatched && s.Kind != walk.RulePassed {
			continue
		}
		for _, c := range y.constructsOf(s.Rule.Text) {
			met := y.Constructs[c]
			if s.Kind == walk.RuleMatched {
				met[0]++
			} else {
				met[1]++
			}
			y.Constructs[c] = met
		}
	}
}

func (y *Tally) constructsOf(text string) []string {
	list, known := y.texts[text]
	if !known {
		list = constructsOf(text)
		y.texts[text] = list
	}
	return list
}

// Covered are the constructs with how often a rule with them matched and did not, where walk and the kernel agreed.
func (y *Tally) Covered() string {
	var list []string
	for c, met := range y.Constructs {
		list = append(list, fmt.Sprintf("%s %d/%d", c, met[0], met[1]))
	}
	slices.Sort(list)
	return fmt.Sprintf("%d constructs (in rules that matched/did not): %s", len(list), strings.Join(list, ", "))
}
