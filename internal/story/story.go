package story

import (
	"slices"

	"github.com/dockwall/dockwall/internal/walk"
	"github.com/dockwall/dockwall/internal/whose"
)

// Story is what becomes of one packet, for people. All text in it is printable.
type Story struct {
	Title   string      `json:"title"` // "198.51.100.7:40000 → 203.0.113.10:8123/tcp, arriving on eno1"
	Moment  string      `json:"moment"`
	Verdict Verdict     `json:"verdict"` // Possibly where the ways differ
	Ways    []Way       `json:"ways"`    // one: it is certain; several: each can happen
	First   *Story      `json:"first,omitempty"`
	Missing []string    `json:"missing,omitempty"` // what is not known of the host
	Unread  int         `json:"unread,omitempty"`  // how many of these are rules that nobody read
	Trace   *walk.Trace `json:"-"`
}

// Way is one thing that can happen.
type Way struct {
	Because  []string `json:"because,omitempty"` // what is taken for true of the things that are not known
	Lines    []Line   `json:"steps"`
	Verdict  Verdict  `json:"verdict"`
	Sentence string   `json:"sentence"`     // how it ends: "refused: the client gets "connection refused""
	By       string   `json:"by,omitempty"` // the rule that ended it: "filter DOCKER-USER rule 4"
	// Then is docker-proxy's own connection, which the end hangs on. Without one, the engine only holds the port.
	Then  *Story `json:"then,omitempty"`
	Proxy string `json:"proxy,omitempty"` // what is said of who takes the client's connection
	own   bool   // a chain of dockwall's ended it
}

// Line is one step.
type Line struct {
	Hook   string `json:"hook"`             // or "routing", "conntrack"
	Place  string `json:"place,omitempty"`  // the rule: "nat DOCKER rule 2"
	What   string `json:"what,omitempty"`   // what it did
	Who    string `json:"who,omitempty"`    // whose it is, and what it means: "Docker, container clickhouse"
	Detail bool   `json:"detail,omitempty"` // it did not matter: for --detailed only
}

// Verdict is how a packet ends.
type Verdict string

// The verdicts.
const (
	Reaches     Verdict = "reaches"
	Refused     Verdict = "refused"     // and the client is told so at once
	Dropped     Verdict = "dropped"     // the client waits in vain
	Unreachable Verdict = "unreachable" // nobody is there, or no way leads there
	Possibly    Verdict = "possibly"    // it hangs on what is not known
)

// Tell walks the packet and tells what happens.
//
// Where not all rules were read, every verdict is only possible.
func (s Scene) Tell(q walk.Question) *Story { return s.TellWalk(walk.New(s.Machine), q) }

// TellWalk is Tell with a walker over the scene's machine, for those who ask often.
func (s Scene) TellWalk(w *walk.Walker, q walk.Question) *Story {
	story := s.tellTrace(w, q, true)
	if text := s.strays(q.Packet); text != "" {
		story.Missing = append(story.Missing, clean(text))
	}
	for _, text := range s.Machine.Missing {
		story.Missing = append(story.Missing, clean(text))
	}
	if s.Machine.Rules != nil && len(s.Machine.Rules.Unread) > 0 {
		story.Verdict, story.Unread = Possibly, len(s.Machine.Rules.Unread)
		for _, text := range s.Machine.Rules.Unread {
			story.Missing = append(story.Missing, clean(text))
		}
	}
	return story
}

// TellWith is Tell with a walker that was made for the scene's machine: making it ready takes longer than a walk.
func (s Scene) TellWith(w *walk.Walker, q walk.Question) *Story { return s.tellTrace(w, q, true) }

// tellTrace tells a walk; a proxy's own connection is not followed through another proxy.
func (s Scene) tellTrace(w *walk.Walker, q walk.Question, proxies bool) *Story {
	t := w.Follow(q)
	story := &Story{Title: s.title(q.Packet, q.Moment), Moment: q.Moment.String(), Trace: t}
	if len(t.Ways) > 0 && !q.Packet.Source.IsValid() {
		story.Title = s.title(t.Ways[0].Packet, q.Moment)
	}
	if t.First != nil && len(t.Ways) == 0 {
		first := q
		first.Moment = walk.First
		story.First = s.tellTrace(w, first, proxies)
		story.Verdict = story.First.Verdict
		return story
	}
	for i := range t.Ways {
		story.Ways = append(story.Ways, s.tellWay(w, q, &t.Ways[i], proxies))
	}
	story.Verdict = together(story.Ways)
	return story
}

// tellWay tells one way, with docker-proxy's own connection where it ends there.
func (s Scene) tellWay(w *walk.Walker, q walk.Question, from *walk.Way, proxies bool) Way {
	way := Way{Lines: s.lines(q, from)}
	for _, b := range from.Because {
		way.Because = append(way.Because, clean(b))
	}
	if from.End.Rule != nil {
		way.By = placeOf(from.End.Rule)
	} else if from.End.Chain != nil {
		way.By = chainName(from.End.Chain) + " policy"
	}
	way.own = from.End.Chain != nil && whose.Chain(from.End.Chain) == whose.Dockwall
	if proxy := s.proxyAt(from.End); proxy != nil && proxies && q.Moment == walk.First {
		way.Proxy = proxy.intro()
		if s.Holds(proxy.container) {
			way.Verdict, way.Proxy, way.Sentence = Dropped, proxy.held(), heldSentence
			return way
		}
		way.Then = s.tellTrace(w, proxy.question(), false)
		way.Verdict, way.Sentence = proxied(way.Then)
		return way
	}
	way.Verdict, way.Sentence = s.ending(q, from)
	return way
}

// together is the verdict of several ways.
func together(ways []Way) Verdict {
	if len(ways) == 0 {
		return Possibly
	}
	for _, w := range ways {
		if w.Verdict != ways[0].Verdict {
			return Possibly
		}
	}
	return ways[0].Verdict
}

// Certain tells whether the packet certainly gets where it was going, or certainly does not.
func (s *Story) Certain() bool { return s.Verdict != Possibly }

// Connects tells whether a TCP client certainly gets a connection, though perhaps no answer: from a server, from docker-proxy
// whatever that reaches, or from the engine where it only holds the port.
func (s *Story) Connects() bool {
	return len(s.Ways) > 0 && !slices.ContainsFunc(s.Ways, func(w Way) bool { return w.Verdict != Reaches && w.Proxy == "" })
}

// ByDockwall tells whether a rule of dockwall's ended the packet, in every way.
func (s *Story) ByDockwall() bool {
	if s.First != nil {
		return s.First.ByDockwall()
	}
	for _, way := range s.Ways {
		if way.Then != nil && !way.Then.ByDockwall() || way.Then == nil && !way.own {
			return false
		}
	}
	return len(s.Ways) > 0
}
