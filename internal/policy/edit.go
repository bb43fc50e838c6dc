package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/dockwall/dockwall/internal/wording"
)

// edited is how AddRule and RemoveRule name the file in the problems that they find in it.
const edited = "policy file"

// AddRule puts one sentence at the end of a section of a policy file, and changes nothing else in its text. A section
// that is missing is made. Refused, with what to do: a wrong sentence, one that stands there already, a file with
// errors, and lists in brackets.
func AddRule(data []byte, section Section, sentence string) ([]byte, error) {
	rule, problems := ParseSentence(section, sentence)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	e, err := newEdit(data, section)
	if err != nil {
		return nil, err
	}
	for _, r := range e.rules() {
		if r.meaning() == rule.meaning() {
			return nil, fmt.Errorf("%s stands in %s already, in line %d", quote(r.String()), section, r.Position.Line)
		}
	}
	if err := e.insert(quoted(rule.String())); err != nil {
		return nil, err
	}
	return e.result(append(e.rules(), rule))
}

// RemoveRule takes a sentence out of a section of a policy file with its line, and changes nothing else in its text. It
// finds the rule in whatever spelling and order of lists it is written. A sentence that is not there is an error that
// names what comes near.
func RemoveRule(data []byte, section Section, sentence string) ([]byte, error) {
	rule, problems := ParseSentence(section, sentence)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	e, err := newEdit(data, section)
	if err != nil {
		return nil, err
	}
	same := func(r Rule) bool { return r.meaning() == rule.meaning() }
	rules := slices.Clone(e.rules())
	if !slices.ContainsFunc(rules, same) {
		return nil, e.missing(rule)
	}
	if err := e.remove(same); err != nil {
		return nil, err
	}
	return e.result(slices.DeleteFunc(rules, same))
}

// edit is a change of one section in the lines of a file.
type edit struct {
	file    *file
	section Section
	lines   []string
	key     *ast.MappingValueNode // of the section; nil: missing
}

func newEdit(data []byte, section Section) (*edit, error) {
	f := readFile(edited, data)
	if err := f.problems.Err(); err != nil {
		return nil, fmt.Errorf("the policy file has errors and was not changed:\n%w", err)
	}
	e := &edit{file: f, section: section, lines: slices.Clone(f.lines)}
	for _, pair := range f.root.Values {
		if pair.Key.GetToken().Value == section.String() {
			e.key = pair
		}
	}
	return e, nil
}

func (e *edit) rules() []Rule { return e.file.of(e.section) }

// of is the file's rules of one section.
func (f *file) of(s Section) []Rule {
	if s == Egress {
		return f.egress
	}
	return f.ingress
}

// missing is the error of a rule that is not there.
func (e *edit) missing(rule Rule) error {
	other := Ingress + Egress - e.section
	rule.Section = other
	for _, r := range e.file.of(other) {
		if r.meaning() == rule.meaning() {
			return fmt.Errorf("%s stands in %s, in line %d, not in %s",
				quote(r.String()), other, r.Position.Line, e.section)
		}
	}
	rule.Section = e.section
	message := fmt.Sprintf("%s does not stand in %s", quote(rule.String()), e.section)
	var sentences []string
	for _, r := range e.rules() {
		sentences = append(sentences, r.String())
	}
	if near := wording.Nearest(rule.String(), sentences); near != "" {
		line := e.rules()[slices.Index(sentences, near)].Position.Line
		message += fmt.Sprintf("; did you mean %s, in line %d?", quote(near), line)
	}
	return errors.New(message)
}

// result is the new text, if it reads as the rules that it was meant to have.
func (e *edit) result(want []Rule) ([]byte, error) {
	text := strings.Join(e.lines, "\n")
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	f := readFile(edited, []byte(text))
	other := Ingress + Egress - e.section
	if f.problems.Err() != nil || !sameRules(f.of(e.section), want) || !sameRules(f.of(other), e.file.of(other)) {
		return nil, fmt.Errorf("the policy file is written in a way that cannot be edited line by line: change %s by hand",
			e.section)
	}
	return []byte(text), nil
}

func sameRules(a, b []Rule) bool {
	return slices.EqualFunc(a, b, func(a, b Rule) bool { return a.meaning() == b.meaning() })
}
