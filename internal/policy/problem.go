package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dockwall/dockwall/internal/wording"
)

// Problem is one thing that is wrong in a policy or, as a warning, doubtful. Its texts may quote hostile input: Error
// and Caret print every character of it in one visible cell.
type Problem struct {
	Position Position
	Warning  bool
	Message  string // what is wrong
	Hint     string // what would be right; may be empty
	Source   string // the line it stands in, as written; empty where there is none
	Width    int    // how many characters are wrong, from Position.Column on
}

// Problems are all problems of one run, in the order of the files and of the lines in them.
type Problems []Problem

// The window of a long line that Caret shows, in characters.
const (
	caretBefore = 80
	caretAfter  = 60
)

// Error is the problem in one line: "file:line:column: message; hint".
func (p Problem) Error() string {
	if p.Hint == "" {
		return p.headline()
	}
	return wording.Printable(p.headline() + "; " + p.Hint)
}

func (p Problem) headline() string {
	kind := ""
	if p.Warning {
		kind = "warning: "
	}
	return wording.Printable(p.Position.String() + ": " + kind + p.Message)
}

// Caret is the problem in three lines: the message, the source line, and carets under what is wrong with the hint
// behind them. A problem without a source line is one line, as Error has it.
func (p Problem) Caret() string {
	if p.Source == "" {
		return p.Error()
	}
	text, before := p.window()
	number := fmt.Sprintf("%5d", p.Position.Line)
	margin := strings.Repeat(" ", len(number))
	marks := strings.Repeat(" ", before) + strings.Repeat("^", p.marked(text, before))
	return strings.TrimRight(fmt.Sprintf("%s\n%s | %s\n%s | %s %s",
		p.headline(), number, text, margin, marks, wording.Printable(p.Hint)), " ")
}

// window is the part of the source line around the column, and how many characters of it stand before the column.
func (p Problem) window() (text string, before int) {
	line := []rune(wording.Printable(p.Source))
	column := min(max(p.Position.Column-1, 0), len(line))
	first := max(column-caretBefore, 0)
	last := min(column+max(p.Width, caretAfter), len(line), first+caretBefore+2*caretAfter)
	text, before = string(line[first:last]), column-first
	if first > 0 {
		text, before = "…"+text, before+1
	}
	if last < len(line) {
		text += "…"
	}
	return text, before
}

// marked is the number of carets: at least one, and not beyond the text.
func (p Problem) marked(text string, before int) int {
	return max(1, min(p.Width, utf8.RuneCountInString(text)-before))
}

// Errors are those problems that are not warnings.
func (p Problems) Errors() Problems { return p.filter(false) }

// Warnings are those problems that refuse nothing.
func (p Problems) Warnings() Problems { return p.filter(true) }

func (p Problems) filter(warning bool) Problems {
	var kept Problems
	for _, problem := range p {
		if problem.Warning == warning {
			kept = append(kept, problem)
		}
	}
	return kept
}

// Err is the errors among the problems as one error (a Problems), and nil when there are only warnings.
func (p Problems) Err() error {
	if errors := p.Errors(); len(errors) > 0 {
		return errors
	}
	return nil
}

// Error is one line a problem.
func (p Problems) Error() string { return p.join(Problem.Error, "\n") }

// Caret is every problem with its source line, an empty line between two.
func (p Problems) Caret() string { return p.join(Problem.Caret, "\n\n") }

func (p Problems) join(show func(Problem) string, separator string) string {
	texts := make([]string, len(p))
	for i, problem := range p {
		texts[i] = show(problem)
	}
	return strings.Join(texts, separator)
}

// sorted orders problems by the rank of their files, then by line and column.
func (p Problems) sorted(rank map[string]int) Problems {
	slices.SortStableFunc(p, func(a, b Problem) int {
		if d := rank[a.Position.File] - rank[b.Position.File]; d != 0 {
			return d
		}
		if d := a.Position.Line - b.Position.Line; d != 0 {
			return d
		}
		return a.Position.Column - b.Position.Column
	})
	return p
}

// quote is a word of the input as messages show it, cut to a length that a person reads.
func quote(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "…"
	}
	return strconv.Quote(s)
}
