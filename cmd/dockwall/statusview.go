package main

import (
	"time"

	"github.com/dockwall/dockwall/internal/enforce"
)

type statusView struct {
	InForce     bool          `json:"in_force"`
	AsPolicy    bool          `json:"as_policy"`
	Backend     string        `json:"backend,omitempty"`
	Since       *time.Time    `json:"since,omitempty"`
	Rules       []ruleView    `json:"rules"`
	Defaults    []defaultView `json:"defaults"`
	Differs     string        `json:"differs,omitempty"`     // what apply would change
	Also        []string      `json:"also"`                  // further backends that have rules installed
	Uncompared  string        `json:"uncompared,omitempty"`  // why it was not compared with the policy
	Problems    []problemView `json:"problems"`              // warnings about the policy
	Warnings    []string      `json:"warnings"`              // about the host
	Unconfirmed *pendingView  `json:"unconfirmed,omitempty"` // what waits for its confirmation
	Refused     string        `json:"refused,omitempty"`     // that the policy in the files was not confirmed
}

type ruleView struct {
	Section  string `json:"section"`
	Sentence string `json:"sentence"`
	Hash     string `json:"hash"`
	File     string `json:"file"`
	Line     int    `json:"line"`
	State    string `json:"state"`
	Packets  uint64 `json:"packets"`
	Bytes    uint64 `json:"bytes"`
}

// defaultView is what no rule decided, of one family and way.
type defaultView struct {
	Family  int    `json:"family"`
	Way     string `json:"way"`
	Action  string `json:"action"`
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}

func statusOf(s *enforce.Status) statusView {
	view := statusView{
		InForce: s.Backend != "", AsPolicy: s.Equal(), Backend: s.Backend, Rules: []ruleView{}, Defaults: []defaultView{},
		Differs: s.Differs, Also: list(s.Also), Problems: problemViews(s.Prepared.Warnings), Warnings: []string{},
	}
	if !s.Since.IsZero() {
		view.Since = &s.Since
	}
	view.Unconfirmed = pendingOf(s.Waits)
	if s.Refused != nil {
		view.Refused = s.Refused.Error()
	}
	if s.Uncompared != nil {
		view.Uncompared = s.Uncompared.Error()
	}
	if s.Prepared.Host != nil {
		view.Warnings = list(s.Prepared.Host.Warnings)
	}
	for _, r := range s.Rules {
		view.Rules = append(view.Rules, ruleView{r.Section.String(), r.Rule.Sentence, r.Rule.Hash, r.Rule.Position.File,
			r.Rule.Position.Line, string(r.State), r.Packets, r.Bytes})
	}
	for _, l := range s.Defaults {
		view.Defaults = append(view.Defaults, defaultView{l.Family, string(l.Way), l.Action.String(), l.Packets, l.Bytes})
	}
	return view
}
