package iptables

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// saved is what one family's filter table holds of ours, and of Docker's as far as we stand on it.
type saved struct {
	chains   map[string][]savedRule // ours, by name
	jumps    []jump                 // from other chains to ours
	policies map[string]string      // "ACCEPT" or "DROP", of the built-in chains
	user     bool                   // there is a DOCKER-USER
	used     bool                   // FORWARD goes to it first, but for jumps to us
	signs    []savedRule            // signposts in DOCKER-USER
	missing  []string               // what the first rule will make: "table", and built-in chains
}

// savedRule is a rule as iptables-save prints it, without its chain.
type savedRule struct {
	packets, bytes uint64
	text           string
}

// jump is a rule in a chain of others that leads to one of ours.
type jump struct {
	chain string
	place int // 0: the chain's first rule
	to    string
	savedRule
}

// newSaved is a table with nothing in it.
func newSaved() *saved {
	return &saved{chains: map[string][]savedRule{}, policies: map[string]string{}}
}

// exists tells whether there is anything of ours.
func (s *saved) exists() bool { return len(s.chains) > 0 || len(s.jumps) > 0 }

// parseSave reads what iptables-save -c prints. Of others' rules it looks only at those that concern us: hosts have a
// hundred thousand of them.
func parseSave(text string) (*saved, error) {
	s := newSaved()
	places := map[string]int{}
	table := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "*"):
			table = line[1:]
		case table != "filter" || line == "" || line[0] == '#' || line == "COMMIT":
		case line[0] == ':':
			s.declare(strings.Fields(line[1:]))
		default:
			if err := s.rule(line, places); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// declare takes in the name of a chain and its policy, "-" for none.
func (s *saved) declare(fields []string) {
	if len(fields) < 2 {
		return
	}
	name, policy := fields[0], fields[1]
	switch {
	case strings.HasPrefix(name, chainPrefix):
		s.chains[name] = nil
	case name == dockerUser:
		s.user = true
	case policy != "-":
		s.policies[name] = policy
	}
}

// rule takes in one rule, "[1:60] -A CHAIN ...". places counts the rules of each chain.
func (s *saved) rule(line string, places map[string]int) error {
	counters, rest, found := strings.Cut(line, " -A ")
	r := savedRule{}
	if _, err := fmt.Sscanf(counters, "[%d:%d]", &r.packets, &r.bytes); err != nil || !found {
		return fmt.Errorf("iptables-save printed a line that is no rule: %q", line)
	}
	chain, text, _ := strings.Cut(rest, " ")
	r.text = text
	place := places[chain]
	places[chain]++
	switch {
	case strings.HasPrefix(chain, chainPrefix):
		s.chains[chain] = append(s.chains[chain], r)
	case strings.Contains(text, chainPrefix):
		if to := parseRule(text).target(); strings.HasPrefix(to, chainPrefix) {
			s.jumps = append(s.jumps, jump{chain, place, to, r})
		}
	case chain == "FORWARD" && strings.Contains(text, dockerUser):
		s.used = s.used || place == s.ahead() && parseRule(text).target() == dockerUser
	case chain == dockerUser && strings.Contains(text, signText):
		s.signs = append(s.signs, r)
	}
	return nil
}

// ahead is how many of FORWARD's first rules are jumps to us. Only a DOCKER-USER right behind them sees every packet: Docker puts
// it first as a rule, but leaves one that is there where it is, and its own rules before it, where all of them had been flushed.
func (s *saved) ahead() (n int) {
	for _, j := range s.jumps {
		if j.chain == "FORWARD" && j.place == n {
			n++
		}
	}
	return n
}

// words are a rule's text, cut at spaces as iptables-restore does it: a part in double quotes is one word.
type words []string

func parseRule(text string) words {
	var all words
	for text = strings.TrimLeft(text, " "); text != ""; text = strings.TrimLeft(text, " ") {
		var word string
		if text[0] == '"' {
			word, text = quoted(text[1:])
		} else {
			word, text, _ = strings.Cut(text, " ")
		}
		all = append(all, word)
	}
	return all
}

// quoted cuts a text after the next double quote that no backslash stands before.
func quoted(text string) (word, rest string) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), text[i+1:]
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String(), ""
}

// after is the word behind an option, "" where the rule does not have it.
func (w words) after(option string) string {
	if i := slices.Index(w, option); i >= 0 && i+1 < len(w) {
		return w[i+1]
	}
	return ""
}

// target is the chain or verdict that the rule leads to.
func (w words) target() string {
	if to := w.after("-j"); to != "" {
		return to
	}
	return w.after("-g")
}

// ports are the first and the last port of the conversation that the rule asks for.
func (w words) ports() (first, last uint16, ok bool) {
	text := w.after("--ctorigdstport")
	if text == "" {
		text = w.after("--ctreplsrcport")
	}
	from, to, isRange := strings.Cut(text, ":")
	if !isRange {
		to = from
	}
	low, err := strconv.ParseUint(from, 10, 16)
	high, err2 := strconv.ParseUint(to, 10, 16)
	return uint16(low), uint16(high), err == nil && err2 == nil
}
