package xtables

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// appendRule takes "[1:60] -A CHAIN ...". It makes a rule of every such line, whatever stands in it.
func (r *reader) appendRule(line string) {
	rule := &netfilter.Rule{Line: r.line}
	if line[0] == '[' {
		count, rest, _ := strings.Cut(line, " ")
		rule.Packets, rule.Bytes, rule.Counted = counters(count)
		if line = strings.TrimSpace(rest); !rule.Counted || !strings.HasPrefix(line, "-") {
			r.misread(count+" "+line, "is not what iptables-save prints")
			return
		}
	}
	command, rest, _ := strings.Cut(line, " ")
	name, rest, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	if command != "-A" && command != "--append" || name == "" {
		r.misread(line, "is not what iptables-save prints")
		return
	}
	if r.full() {
		return
	}
	rule.Text = strings.TrimLeft(rest, " ")
	r.place(rule, name)
	r.read(rule)
}

// place puts the rule at the end of its chain.
func (r *reader) place(rule *netfilter.Rule, name string) {
	if r.chains[chainName{r.table, name}] == nil {
		r.unread.add("line %d: chain %s of table %s was not declared", r.line, shortened(name), r.table.Name)
	}
	rule.Chain = r.chain(name)
	rule.Chain.Rules = append(rule.Chain.Rules, rule)
	rule.Number = len(rule.Chain.Rules)
}

// read makes the rule's steps of its text.
func (r *reader) read(rule *netfilter.Rule) {
	err := errors.New("it is longer than any tool reads")
	if len(rule.Text) <= maxLine {
		r.words, err = split(rule.Text, r.words[:0])
	}
	if err != nil {
		r.misread(rule.Text, fmt.Sprintf("cannot be read: %v", err))
		rule.Steps = []netfilter.Step{netfilter.Unclear{Text: shortened(rule.Text), Reason: err.Error()}}
		return
	}
	s := &sentence{reader: r, text: rule.Text, words: r.words}
	s.read()
	rule.Steps, rule.Comment = s.steps(), s.comment
}

// sentence is the text of one rule while it is read.
type sentence struct {
	*reader
	text  string
	words []word
	at    int

	base     []netfilter.Step // of -s, -d, -i, -o, -p, -f, in their order
	protocol protocolTest
	uses     []use // the matches, in their order, and the target last
	comment  string
}

// protocolTest is what -p asks for; without it number is 0.
type protocolTest struct {
	number uint8
	negate bool
}

// use is a match or a target that a rule uses.
type use struct {
	name       string
	extension  *extension // nil: dockwall does not know it
	isTarget   bool
	jump       netfilter.VerdictKind // Goto for -g
	options    []option
	unknown    string // the first option that is not known, or that lacks its value
	start, end int    // of its words in the text
}

// option is one option of a match or a target with the words that belong to it.
type option struct {
	name   string
	negate bool
	args   []string
}

// read goes through the words. The options of matches come before the basic ones: `-m policy` has a --proto of its own.
func (s *sentence) read() {
	for s.at < len(s.words) {
		start := s.words[s.at].start
		negate := s.accept("!")
		if s.at == len(s.words) {
			s.stray(start)
			return
		}
		w := s.words[s.at]
		if !s.own(w, negate, start) && !s.basic(w, negate, start) && !s.implied(w, negate, start) {
			s.at++
			s.stray(start)
		}
	}
}

// accept takes the next word if it is that one, and not quoted.
func (s *sentence) accept(text string) bool {
	if s.at < len(s.words) && s.words[s.at].text == text && !s.words[s.at].quoted {
		s.at++
		return true
	}
	return false
}

// own gives a word to the latest match or target that has such an option, or that is not known: that one takes all.
func (s *sentence) own(w word, negate bool, start int) bool {
	if w.quoted || opens(w.text) {
		return false
	}
	if last := len(s.uses) - 1; last >= 0 && s.uses[last].extension == nil {
		s.at++
		s.uses[last].end = w.end
		return true
	}
	for i := len(s.uses) - 1; i >= 0; i-- {
		if s.uses[i].extension == nil {
			continue
		}
		if arity, ok := s.uses[i].extension.options[w.text]; ok {
			s.take(&s.uses[i], w, arity, negate, start)
			return true
		}
	}
	return false
}

// opens tells whether a word begins the next match or target.
func opens(text string) bool {
	switch text {
	case "-m", "--match", "-j", "--jump", "-g", "--goto":
		return true
	}
	return false
}

// take gives an option with its words to the use. Old saves have the "!" behind the option.
func (s *sentence) take(u *use, w word, arity int, negate bool, start int) {
	s.at++
	if arity > 0 && s.accept("!") {
		negate = !negate
	}
	o := option{name: w.text, negate: negate}
	for ; arity > 0 && s.at < len(s.words); arity-- {
		o.args = append(o.args, s.words[s.at].text)
		s.at++
	}
	if arity > 0 {
		u.misses(w.text + " without its value")
	}
	u.options = append(u.options, o)
	u.start, u.end = min(u.start, start), max(u.end, s.words[s.at-1].end)
}

// misses notes the first thing that is wrong with a use.
func (u *use) misses(what string) {
	if u.unknown == "" {
		u.unknown = what
	}
}

// stray is a word that belongs to nothing: the latest match or target has an option that dockwall does not know.
func (s *sentence) stray(start int) {
	text := s.text[start:s.words[s.at-1].end]
	if last := len(s.uses) - 1; last >= 0 {
		s.uses[last].misses(text)
		s.uses[last].end = s.words[s.at-1].end
		return
	}
	s.base = append(s.base, netfilter.Undecided{Text: text, Reason: fmt.Sprintf("dockwall does not know the option %s", shortened(text))})
}

// implied loads the match that the protocol's name stands for, as iptables does for `-p tcp --dport 80` without -m.
func (s *sentence) implied(w word, negate bool, start int) bool {
	name := impliedMatch(s.protocol)
	ext := matchFor(s.family, name)
	if ext == nil || w.quoted {
		return false
	}
	arity, ok := ext.options[w.text]
	if !ok {
		return false
	}
	s.uses = append(s.uses, use{name: name, extension: ext, start: start, end: w.end})
	s.take(&s.uses[len(s.uses)-1], w, arity, negate, start)
	return true
}
