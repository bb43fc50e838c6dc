package audit

import (
	"fmt"
	"slices"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// many is how many rules of one chain are told of one by one, and few how many of more than that are shown.
const (
	many = 10
	few  = 5
)

// about is what findings have to have in common to be told together.
type about struct {
	kind   *Kind
	chain  *netfilter.Chain
	family netfilter.Family
}

// collect makes one finding of those of one kind about too many rules of one chain, in the place of the first.
func (r *Report) collect() {
	groups := map[about][]Finding{}
	for _, f := range r.Findings {
		if f.rule != nil {
			key := about{f.Kind, f.rule.Chain, f.family}
			groups[key] = append(groups[key], f)
		}
	}
	told := map[about]bool{}
	var all []Finding
	for _, f := range r.Findings {
		key := about{f.Kind, nil, f.family}
		if f.rule != nil {
			key.chain = f.rule.Chain
		}
		switch group := groups[key]; {
		case len(group) <= many:
			all = append(all, f)
		case !told[key]:
			told[key] = true
			all = append(all, together(group))
		}
	}
	r.Findings = all
}

// together is many findings as one: how many rules, which, and the first few with what is said of each.
func together(all []Finding) Finding {
	first := all[0]
	f := Finding{Kind: first.Kind, ID: first.ID, Severity: first.Severity, Remedy: first.Remedy, Line: first.Line, Count: len(all),
		Subject: fmt.Sprintf("%s %s (%s)", first.rule.Chain.Table.Name, first.rule.Chain.Name, familyName(first.family))}
	var numbers []netfilter.Range
	for i, one := range all {
		n := netfilter.Small(uint64(one.rule.Number))
		numbers = append(numbers, netfilter.Range{First: n, Last: n})
		f.Possible = f.Possible || one.Possible
		if one.Line > 0 {
			f.Lines = append(f.Lines, one.Line)
		}
		if i < few {
			f.Evidence.Trace = append(f.Evidence.Trace, fmt.Sprintf("rule %d (%s): %s", one.rule.Number, one.rule.Text, one.Message))
		}
	}
	slices.Sort(f.Lines)
	f.Evidence.Trace = append(f.Evidence.Trace, fmt.Sprintf("and %d more", len(all)-few))
	f.Message = fmt.Sprintf("%d of its rules: %s", len(all), shortRanges(netfilter.NewRanges(numbers...)))
	return f
}

// shortRanges is "3, 5-9, and 17 more": ranges of rules, the first few of them.
func shortRanges(numbers netfilter.Ranges) string {
	const most = 8
	left := 0
	if len(numbers) > most {
		for _, r := range numbers[most:] {
			left += int(r.Last.Low-r.First.Low) + 1
		}
		numbers = numbers[:most]
	}
	text := rangeText(numbers)
	if left > 0 {
		text += fmt.Sprintf(", and %d more", left)
	}
	return text
}
