package story

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/walk"
	"github.com/dockwall/dockwall/internal/whose"
)

// policyRef is the place and the sentence of the policy that a rule of dockwall's comes from.
func policyRef(comment string) (string, bool) {
	ref, ok := gate.ParseRuleRef(comment)
	if !ok {
		return "", false
	}
	return clean(fmt.Sprintf("%s:%d %s", ref.Position.File, ref.Position.Line, ref.Sentence)), true
}

// fromDefault is the comment of what decides where no rule of the policy does.
var fromDefault = regexp.MustCompile(`^default( (ingress|local|egress) (allow|deny))?$`)

// stepRef is the policy behind a rule that matched. Rules of the policy that differ only in their clients are one rule
// with a set, in which each element has the comment.
func stepRef(step *walk.Step, way *walk.Way) (string, bool) {
	if ref, ok := policyRef(step.Rule.Comment); ok {
		return ref, true
	}
	if fromDefault.MatchString(step.Rule.Comment) && whose.Chain(step.Chain) == whose.Dockwall {
		return "no rule of the policy speaks of it: its default", true
	}
	for _, s := range step.Rule.Steps {
		var found *netfilter.Element
		switch a := s.(type) {
		case netfilter.VerdictMap:
			found = element(a.Set, a.Fields, step, way)
		case netfilter.Lookup:
			if !a.Negate {
				found = element(a.Set, a.Fields, step, way)
			}
		}
		if found != nil {
			if ref, ok := policyRef(found.Comment); ok {
				return ref, true
			}
		}
	}
	return "", false
}

// element is the one of a set that a packet's address has led to; nil for sets over anything else.
func element(set *netfilter.Set, fields []netfilter.FieldUse, step *walk.Step, way *walk.Way) *netfilter.Element {
	if set == nil || len(fields) != 1 {
		return nil
	}
	p := step.Before
	address := p.Source
	switch f := fields[0].Field; {
	case f == netfilter.DestinationAddress:
		address = p.Destination
	case f == netfilter.OriginalSource && way.Conversation != nil:
		address = way.Conversation.Original.Source
	case f == netfilter.OriginalDestination && way.Conversation != nil:
		address = way.Conversation.Original.Destination
	case f != netfilter.SourceAddress:
		return nil
	}
	return set.Find([]netfilter.Number{netfilter.OfAddress(address).And(fields[0].Mask)}, nil)
}

// withoutComment is a rule's text without the comment that is told beside it.
func withoutComment(r *netfilter.Rule) string {
	text := r.Text
	for _, form := range []string{` -m comment --comment "` + r.Comment + `"`, `-m comment --comment "` + r.Comment + `" `,
		` comment "` + r.Comment + `"`} {
		text = strings.Replace(text, form, "", 1)
	}
	return strings.TrimSpace(text)
}
