package netfilter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Format prints tables for people and for goldens: every rule with its text, and below it what was understood of it.
//
//	table ip filter (iptables-nft)
//	  chain FORWARD, filter forward 0, policy drop, 12 packets 720 bytes
//	    1 [0:0] -i eth+ -p tcp -m tcp --dport 22 -j ACCEPT
//	        incoming interface eth*
//	        protocol 6
//	        destination port 22
//	        accept
func Format(tables []*Table) string {
	var b strings.Builder
	for _, t := range tables {
		fmt.Fprintf(&b, "table %s %s (%s)%s\n", t.Family, t.Name, t.Origin, when(t.Dormant, ", dormant"))
		for _, name := range slices.Sorted(maps.Keys(t.Sets)) {
			formatSet(&b, t.Family, t.Sets[name])
		}
		for _, c := range t.Chains {
			formatChain(&b, t.Family, c)
		}
	}
	return b.String()
}

// FormatSets prints sets in the order of their names.
func FormatSets(sets map[string]*Set) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		formatSet(&b, sets[name].Family, sets[name])
	}
	return b.String()
}

func when(yes bool, text string) string {
	if yes {
		return text
	}
	return ""
}

func formatChain(b *strings.Builder, f Family, c *Chain) {
	fmt.Fprintf(b, "  chain %s", c.Name)
	if c.Base != nil {
		kind := [...]string{"filter", "nat", "route"}[c.Base.Type]
		fmt.Fprintf(b, ", %s %s %d, policy %s", kind, c.Base.Hook, c.Base.Priority, c.Base.Policy)
		fmt.Fprintf(b, "%s", when(len(c.Base.Devices) > 0, ", devices "+strings.Join(c.Base.Devices, " ")))
	}
	fmt.Fprintf(b, "%s\n", when(c.Packets > 0, fmt.Sprintf(", %d packets %d bytes", c.Packets, c.Bytes)))
	for _, r := range c.Rules {
		fmt.Fprintf(b, "    %d %s%s\n", r.Number, when(r.Counted, fmt.Sprintf("[%d:%d] ", r.Packets, r.Bytes)), r.Text)
		for _, step := range r.Steps {
			fmt.Fprintf(b, "        %s\n", FormatStep(step, f))
		}
	}
}

var verdictWords = [...]string{"continue", "accept", "drop", "reject", "return", "jump", "goto", "queue", "stolen"}

func (k VerdictKind) String() string { return verdictWords[k] }

func (v Verdict) String() string {
	return strings.TrimSpace(v.Kind.String() + " " + v.Chain + when(v.With != "", "with "+v.With))
}

func formatSet(b *strings.Builder, f Family, s *Set) {
	fmt.Fprintf(b, "  set %s%s%s%s%s\n", s.Name, when(s.Type != "", " "+s.Type), when(s.Family != 0, " "+s.Family.String()),
		when(s.Dynamic, ", dynamic"), when(s.Unclear != "", ", unclear: "+s.Unclear))
	for i, mask := range s.Masks {
		fmt.Fprintf(b, "%s", when(mask != AllOnes, fmt.Sprintf("    mask %d: %#x\n", i+1, mask.Low)))
	}
	for _, e := range s.Elements {
		fmt.Fprintf(b, "    %s\n", formatElement(e, f))
	}
	for _, name := range s.Members {
		fmt.Fprintf(b, "    set %s\n", name)
	}
}

// formatElement does not know the fields: what is longer than 32 bits, and what only addresses are, is told by the number.
func formatElement(e Element, f Family) string {
	var parts []string
	for i, r := range e.Key {
		if r == nil && i < len(e.Interfaces) {
			parts = append(parts, formatName(e.Interfaces[i]))
			continue
		}
		parts = append(parts, formatRanges(r, func(n Number) string { return formatGuess(n, f) }))
	}
	text := strings.Join(parts, " . ") + when(e.Except, " nomatch")
	switch {
	case e.Verdict != nil:
		text += " : " + e.Verdict.String()
	case e.Target != nil:
		text += " : " + FormatStep(*e.Target, f)
	case e.Value != Number{}:
		text += fmt.Sprintf(" : %#x", e.Value.Low)
	}
	return text + when(e.Comment != "", fmt.Sprintf(" comment %q", e.Comment))
}

// formatGuess prints numbers beyond 16 bits as addresses of the family, others as numbers.
func formatGuess(n Number, f Family) string {
	switch {
	case n.High != 0:
		return n.Address(IPv6).String()
	case n.Low>>16 != 0 && n.Low>>32 == 0 && (f == IPv4 || f == Inet):
		return n.Address(IPv4).String()
	case n.Low>>16 != 0:
		return fmt.Sprintf("%#x", n.Low)
	}
	return fmt.Sprint(n.Low)
}
