package reach

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// rulesText prints a ruleset for a failing test.
func rulesText(rules *netfilter.Ruleset) string {
	var b strings.Builder
	for _, t := range rules.Tables {
		fmt.Fprintf(&b, "table %v %v %s\n", t.Origin, t.Family, t.Name)
		for _, c := range t.Chains {
			fmt.Fprintf(&b, " chain %s", c.Name)
			if c.Base != nil {
				fmt.Fprintf(&b, " %v %d type %d policy %d", c.Base.Hook, c.Base.Priority, c.Base.Type, c.Base.Policy)
			}
			b.WriteByte('\n')
			for _, r := range c.Rules {
				fmt.Fprintf(&b, "  %d:", r.Number)
				for _, s := range r.Steps {
					fmt.Fprintf(&b, " %T%+v", s, s)
				}
				b.WriteByte('\n')
			}
		}
	}
	return b.String()
}

func mustPrefix(text string) netip.Prefix { return netip.MustParsePrefix(text) }
