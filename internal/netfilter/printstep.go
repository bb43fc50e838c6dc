package netfilter

import (
	"fmt"
	"strings"
)

// FormatStep prints one step as Format does. The family is that of addresses; of an inet table either.
func FormatStep(step Step, f Family) string {
	switch s := step.(type) {
	case Test:
		return s.Field.String() + when(s.Mask != AllOnes, " & "+formatMask(s.Field, s.Mask, f)) + when(s.Negate, " not") +
			" " + formatRanges(s.Values, func(n Number) string { return formatValue(s.Field, n, f) })
	case InterfaceTest:
		return s.Field.String() + when(s.Negate, " not") + " " + formatNames(s.Names)
	case Lookup:
		return formatUses(s.Fields) + when(s.Negate, " not") + " in " + formatSetUse(s.Set, f)
	case Either:
		return when(s.Negate, "not ") + formatAlternatives(s.Alternatives, f)
	case Undecided:
		return fmt.Sprintf("undecided%s %q: %s", when(!s.Understood, ", not understood,"), s.Text, s.Reason)
	case Verdict:
		return s.String()
	case VerdictMap:
		return formatUses(s.Fields) + " leads as in " + formatSetUse(s.Set, f)
	case NAT:
		return formatNAT(s)
	case SetField:
		return formatSetField(s)
	case NoTrack:
		return "notrack"
	case Note:
		return fmt.Sprintf("note %q", s.Text)
	case AddToSet:
		return fmt.Sprintf("change set %s %q", s.Set, s.Text)
	case Unclear:
		return fmt.Sprintf("unclear %q: %s", s.Text, s.Reason)
	}
	return fmt.Sprintf("%T", step)
}

func formatAlternatives(list [][]Match, f Family) string {
	if len(list) == 0 {
		return "never"
	}
	var texts []string
	for _, matches := range list {
		var all []string
		for _, m := range matches {
			all = append(all, FormatStep(m, f))
		}
		texts = append(texts, "("+strings.Join(all, ", ")+")")
	}
	return strings.Join(texts, " or ")
}

func formatNames(names []InterfaceName) string {
	var texts []string
	for _, n := range names {
		texts = append(texts, formatName(n))
	}
	return strings.Join(texts, " ")
}

func formatName(n InterfaceName) string {
	if n.Name == "" && !n.Prefix {
		return "none"
	}
	return n.Name + when(n.Prefix, "*")
}

func formatUses(uses []FieldUse) string {
	var texts []string
	for _, u := range uses {
		texts = append(texts, u.Field.String()+when(u.Mask != AllOnes, fmt.Sprintf(" & %#x", u.Mask.Low)))
	}
	return strings.Join(texts, " . ")
}

// formatSetUse names a set, or prints an anonymous one.
func formatSetUse(s *Set, f Family) string {
	if s.Name != "" && !strings.HasPrefix(s.Name, "__") {
		return fmt.Sprintf("set %s of %d", s.Name, len(s.Elements))
	}
	var texts []string
	for _, e := range s.Elements {
		texts = append(texts, formatElement(e, f))
	}
	return "{" + strings.Join(texts, ", ") + "}" + when(s.Unclear != "", ", unclear: "+s.Unclear)
}

func formatNAT(n NAT) string {
	text := [...]string{"dnat", "snat", "masquerade", "redirect", "netmap"}[n.Kind]
	if n.Map != nil {
		text += " to " + formatUses(n.Fields) + " as in " + formatSetUse(n.Map, IPv4)
	}
	text += when(n.First.IsValid(), " to "+span(n.First, n.Last))
	if n.FirstPort != 0 {
		text += " port " + span(n.FirstPort, n.LastPort) + when(n.BasePort != 0, fmt.Sprintf(" from %d on", n.BasePort))
	}
	return text + when(n.Text != "", " ("+n.Text+")")
}

func span[T comparable](first, last T) string {
	if first == last {
		return fmt.Sprint(first)
	}
	return fmt.Sprintf("%v-%v", first, last)
}

func formatSetField(s SetField) string {
	value := fmt.Sprintf("%#x", s.Value.Low)
	if s.From != NoField {
		value = fmt.Sprintf("%s & %#x", s.From, s.Of.Low)
	}
	return fmt.Sprintf("%s = %s &^ %#x ^ %s", s.Field, s.Field, s.Mask.Low, value)
}

func formatRanges(r Ranges, one func(Number) string) string {
	if len(r) == 0 {
		return "nothing"
	}
	var texts []string
	for _, piece := range r {
		switch {
		case piece.First == piece.Last:
			texts = append(texts, one(piece.First))
		case piece.First == Number{} && piece.Last == AllOnes:
			texts = append(texts, "any")
		default:
			texts = append(texts, one(piece.First)+"-"+one(piece.Last))
		}
	}
	return strings.Join(texts, " ")
}

func isAddress(f Field) bool {
	switch f {
	case SourceAddress, DestinationAddress, OriginalSource, OriginalDestination, ReplySource, ReplyDestination:
		return true
	}
	return false
}

func formatMask(field Field, mask Number, f Family) string {
	if isAddress(field) {
		return formatValue(field, mask, f)
	}
	return fmt.Sprintf("%#x", mask.Low)
}

func formatValue(field Field, n Number, f Family) string {
	switch {
	case isAddress(field) && (f == IPv6 || n.High != 0 || n.Low>>32 != 0):
		return n.Address(IPv6).String()
	case isAddress(field):
		return n.Address(IPv4).String()
	case field == SourceMAC:
		return fmt.Sprintf("%012x", n.Low)
	case field == Mark || field == ConntrackMark:
		return fmt.Sprintf("%#x", n.Low)
	}
	return fmt.Sprint(n.Low)
}
