package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// insert puts the sentence where the section ends.
func (e *edit) insert(sentence string) error {
	if e.key == nil {
		e.append("", e.section.String()+":", "  - "+sentence)
		return nil
	}
	sequence, ok := e.key.Value.(*ast.SequenceNode)
	switch {
	case !ok:
		line := e.key.Key.GetToken().Position.Line
		e.lines = slices.Insert(e.lines, line, "  - "+sentence)
	case sequence.IsFlowStyle && len(sequence.Values) == 0:
		return e.openEmpty(sequence, sentence)
	case sequence.IsFlowStyle:
		return e.inBrackets()
	default:
		last := sequence.Entries[len(sequence.Entries)-1]
		line := last.Value.GetToken().Position.Line
		e.lines = slices.Insert(e.lines, line, e.dash(last)+sentence)
	}
	return nil
}

// append puts lines behind the last one.
func (e *edit) append(lines ...string) {
	for len(e.lines) > 0 && e.lines[len(e.lines)-1] == "" {
		e.lines = e.lines[:len(e.lines)-1]
	}
	e.lines = append(append(e.lines, lines...), "")
}

// dash is what stands before the sentence of an entry: the list's indentation, the dash, and the blanks behind it.
func (e *edit) dash(entry *ast.SequenceEntryNode) string {
	start, value := entry.Start.Position, entry.Value.GetToken().Position
	blanks := 1
	if start.Line == value.Line {
		blanks = value.Column - start.Column - 1
	}
	return strings.Repeat(" ", start.Column-1) + "-" + strings.Repeat(" ", blanks)
}

// openEmpty makes a list of lines of "[]".
func (e *edit) openEmpty(sequence *ast.SequenceNode, sentence string) error {
	line := sequence.Start.Position.Line
	before, after, found := strings.Cut(e.lines[line-1], "[]")
	if !found {
		return e.inBrackets()
	}
	e.lines[line-1] = strings.TrimRight(strings.TrimRight(before, " ")+after, " ")
	e.lines = slices.Insert(e.lines, line, "  - "+sentence)
	return nil
}

func (e *edit) inBrackets() error {
	return fmt.Errorf("%s is a list in brackets, in line %d: write its sentences on lines of their own, "+
		"each with a dash before it", e.section, e.key.Key.GetToken().Position.Line)
}

// remove deletes the lines of the rules that are meant. Comments above them stay.
func (e *edit) remove(meant func(Rule) bool) error {
	sequence := e.key.Value.(*ast.SequenceNode)
	if sequence.IsFlowStyle {
		return e.inBrackets()
	}
	rules := e.rules()
	for i := len(rules) - 1; i >= 0; i-- {
		if meant(rules[i]) {
			entry := sequence.Entries[i]
			e.lines = slices.Delete(e.lines, entry.Start.Position.Line-1, entry.Value.GetToken().Position.Line)
		}
	}
	return nil
}

// quoted is a sentence as YAML takes it: a colon at the end of a word needs quotes around all.
func quoted(sentence string) string {
	if strings.Contains(sentence+" ", ": ") {
		return `"` + sentence + `"`
	}
	return sentence
}
