package policy

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// source is one line of a file or a label, for the problems found in it.
type source struct {
	file string
	line int
	text string
}

func (s source) position(column int) Position {
	return Position{File: s.file, Line: s.line, Column: column}
}

// from is the line from a column on.
func (s source) from(column int) string {
	for i := range s.text {
		if column--; column == 0 {
			return s.text[i:]
		}
	}
	return ""
}

func (s source) problem(w word, f *fault) Problem {
	return Problem{
		Position: s.position(w.column),
		Message:  f.message, Hint: f.hint,
		Source: s.text,
		Width:  utf8.RuneCountInString(w.text),
	}
}

// word is one word of a sentence, or a comma. Columns count characters, from 1.
type word struct {
	text   string
	column int
}

// part is the piece of the word that begins at the byte offset.
func (w word) part(offset int, text string) word {
	return word{text: text, column: w.column + utf8.RuneCountInString(w.text[:offset])}
}

// trimmed is the word without the blanks around it.
func (w word) trimmed() word {
	left := strings.TrimLeft(w.text, " \t")
	return w.part(len(w.text)-len(left), strings.TrimRight(left, " \t"))
}

// behind is the empty place after the word.
func (w word) behind() word { return w.part(len(w.text), "") }

// split cuts text at blanks, and makes every comma a word of its own. The first character stands in the column given.
func split(text string, column int) []word {
	words := make([]word, 0, 8)
	whole, start := word{text, column}, -1
	flush := func(end int) {
		if start >= 0 {
			words = append(words, whole.part(start, text[start:end]))
		}
		start = -1
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == ' ' || c == '\t':
			flush(i)
		case c == ',':
			flush(i)
			words = append(words, whole.part(i, ","))
		case start < 0:
			start = i
		}
	}
	flush(len(text))
	return words
}

// sentence is the parser of one sentence. It goes on after a problem, to find them all.
type sentence struct {
	source   source
	section  Section
	label    bool // a container's label: allow may be missing, and `to` is the container itself
	words    []word
	next     int
	end      word // the place behind the last word
	problems Problems
}

// newSentence begins to parse text, whose first character stands in the column given of the source line.
func newSentence(s source, column int, text string) *sentence {
	end := word{text: strings.TrimRight(text, " \t"), column: column}.behind()
	return &sentence{source: s, words: split(text, column), end: end}
}

// operand takes the word that belongs behind another.
func (s *sentence) operand(after word, wanted string) (word, bool) {
	if s.clauseAt(s.next) || s.peek() == "," || s.peek() == "except" {
		s.fail(after, faultf(fmt.Sprintf("`%s` is followed by %s", after.text, wanted), "nothing follows `%s`", after.text))
		return word{}, false
	}
	return s.take(), true
}

func (s *sentence) done() bool { return s.next >= len(s.words) }

// peek is the next word, "" at the end.
func (s *sentence) peek() string {
	if s.done() {
		return ""
	}
	return s.words[s.next].text
}

func (s *sentence) take() word {
	s.next++
	return s.words[s.next-1]
}

// place is where the next word stands, or would.
func (s *sentence) place() word {
	if s.done() {
		return s.end
	}
	return s.words[s.next]
}

// clauseAt tells whether a clause begins at the word, or the sentence ends before it.
func (s *sentence) clauseAt(i int) bool {
	return i >= len(s.words) || slices.Contains(clauses[:], s.words[i].text)
}

// skip goes to the next clause.
func (s *sentence) skip() {
	for !s.clauseAt(s.next) {
		s.next++
	}
}

// fail reports a fault, if it is one.
func (s *sentence) fail(w word, f *fault) {
	if f != nil {
		s.problems = append(s.problems, s.source.problem(w, f))
	}
}
