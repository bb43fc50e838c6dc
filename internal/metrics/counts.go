package metrics

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/enforce"
)

// MaxRules bounds the rules that have series of their own: the first in the policy's order. All others are counted
// together, for each section and action.
const MaxRules = 500

// Others is the label rule of what is counted together.
const Others = "(all other rules)"

// ruleKey is what tells the series of rules apart.
type ruleKey struct{ section, action, position, rule string }

type ruleCount struct {
	ruleKey
	packets, bytes uint64
}

// ruleCounts are the series of rules. Two rules whose labels are the same are one.
func ruleCounts(states []enforce.RuleState) (counts []ruleCount) {
	places := map[ruleKey]int{}
	for _, s := range states {
		key := keyOf(s)
		i, known := places[key]
		if !known && len(counts) >= MaxRules {
			key = ruleKey{section: key.section, action: key.action, rule: Others}
			i, known = places[key]
		}
		if !known {
			i = len(counts)
			places[key] = i
			counts = append(counts, ruleCount{ruleKey: key})
		}
		counts[i].packets += s.Packets
		counts[i].bytes += s.Bytes
	}
	return counts
}

func keyOf(s enforce.RuleState) ruleKey {
	action, _, _ := strings.Cut(s.Rule.Sentence, " ")
	position := s.Rule.Position.File
	if s.Rule.Position.Line > 0 {
		position = fmt.Sprintf("%s:%d", position, s.Rule.Position.Line)
	}
	return ruleKey{s.Section.String(), action, strings.ToValidUTF8(position, "?"), strings.ToValidUTF8(s.Rule.Sentence, "?")}
}

// defaultKey is what tells the series of what no rule decides apart: there are at most twelve.
type defaultKey struct{ way, family, action string }

type defaultCount struct {
	defaultKey
	packets, bytes uint64
}

func defaultCounts(lines []backend.Line) []defaultCount {
	sums := map[defaultKey]defaultCount{}
	for _, l := range lines {
		if l.Default {
			key := defaultKey{string(l.Way), strconv.Itoa(l.Family), l.Action.String()}
			sum := sums[key]
			sums[key] = defaultCount{key, sum.packets + l.Packets, sum.bytes + l.Bytes}
		}
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b defaultCount) int {
		return cmp.Or(cmp.Compare(a.way, b.way), cmp.Compare(a.family, b.family), cmp.Compare(a.action, b.action))
	})
}
