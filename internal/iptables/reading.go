package iptables

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// dockerUser is the chain that Docker keeps for the rules of the host's owner.
const dockerUser = "DOCKER-USER"

// reading is what a host has of ours, and what we need to know of the rest.
type reading struct {
	variant   string               // of iptables, for messages
	saved     map[*family]*saved   // of the families that the host has: a kernel may be without IPv6
	sets      map[string]*savedSet // by name
	elsewhere map[string]bool      // names of sets that our rules in the other variant of iptables use
}

// families are those that the host has.
func (r *reading) families() []*family {
	return slices.DeleteFunc(slices.Clone(families), func(f *family) bool { return r.saved[f] == nil })
}

// exists tells whether there is anything of ours in this variant.
func (r *reading) exists() bool {
	return len(r.own()) > 0 || slices.ContainsFunc(r.families(), func(f *family) bool { return r.saved[f].exists() })
}

// own are the names of the sets that no rule of ours in the other variant uses, sorted: both variants see the same
// sets.
func (r *reading) own() []string {
	names := slices.Sorted(maps.Keys(r.sets))
	return slices.DeleteFunc(names, func(name string) bool { return r.elsewhere[name] })
}

// NoDockerUserError is a host without the chain that this backend stands in.
type NoDockerUserError struct {
	Variant string // of iptables
}

func (e *NoDockerUserError) Error() string {
	return fmt.Sprintf("iptables (%s) has no chain DOCKER-USER on this host: Docker is not running, or programs its "+
		"rules elsewhere (its nftables backend has no such chain); start Docker, or set `backend: nftables` in the policy",
		e.Variant)
}

// place is the chain whose first rule sends forwarded packets to us: DOCKER-USER, unless nothing leads there first. Docker
// 20.10 has none for IPv6, and neither has an engine with ip6tables switched off.
func (r *reading) place(f *family) (string, error) {
	s := r.saved[f]
	switch {
	case s.user && s.used:
		return dockerUser, nil
	case f == ipv4 && !s.user:
		return "", &NoDockerUserError{r.variant}
	}
	return "FORWARD", nil
}

// about is what the comment in aboutChain says.
type about struct {
	since time.Time
	made  []string // what was not there before us, and goes when we go
}

// about is what the comment shall say of a change made now.
func (r *reading) about(f *family, now time.Time) about {
	made := slices.Concat(r.saved[f].about().made, r.saved[f].missing)
	slices.Sort(made)
	return about{now, slices.Compact(made)}
}

func (a about) rule() rule {
	text := "since " + a.since.UTC().Format(time.RFC3339)
	if len(a.made) > 0 {
		text += ", made " + strings.Join(a.made, " ")
	}
	return rule{comment: remark(text)}
}

// hasAbout tells whether the comment is there and can be read.
func (s *saved) hasAbout() bool { return !s.about().since.IsZero() }

// about reads the comment; what cannot be read is zero.
func (s *saved) about() about {
	rules := s.chains[aboutChain]
	if len(rules) != 1 {
		return about{}
	}
	text := parseRule(rules[0].text).after("--comment")
	since, made, _ := strings.Cut(strings.TrimPrefix(text, "since "), ", made ")
	at, err := time.Parse(time.RFC3339, since)
	if err != nil {
		return about{}
	}
	return about{at, strings.Fields(made)}
}

// listing is the rules of each chain of ours as iptables-save prints them, without the places in files that their
// comments name.
type listing map[string][]string

// listing is the saved rules in the form in which they are compared.
func (s *saved) listing() listing {
	all := listing{}
	for name, rules := range s.chains {
		all[name] = make([]string, len(rules))
		for i, r := range rules {
			all[name][i] = lasting(r.text)
		}
	}
	return all
}

// sentence is a comment that names a line of the policy: its place, then what lasts while sentences move.
var sentence = regexp.MustCompile(`^(.*):(\d+) ((?:allow|deny) .*) #([0-9a-f]{8})$`)

// quotedSentence is such a comment in a rule's text.
var quotedSentence = regexp.MustCompile(`--comment "[^"]*:\d+ ((?:allow|deny) [^"]* #[0-9a-f]{8})"`)

// lasting is a rule's text without the place that its comment names.
func lasting(text string) string { return quotedSentence.ReplaceAllString(text, `--comment "$1"`) }

// lastingComment is a comment without its place.
func lastingComment(text string) string {
	if parts := sentence.FindStringSubmatch(text); parts != nil {
		return parts[3] + " #" + parts[4]
	}
	return text
}
