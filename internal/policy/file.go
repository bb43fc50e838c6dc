package policy

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"github.com/dockwall/dockwall/internal/wording"
)

// Limits of a policy file. Sets with more addresses than that have a file of their own.
const (
	largestFile = 16 << 20 // bytes
	longestLine = 64 << 10 // bytes
)

// file is one policy file as it was read. Several are merged into a Policy.
type file struct {
	name     string
	lines    []string // without forbidden characters
	root     *ast.MappingNode
	problems Problems

	ingress, egress []Rule
	sets            []declaredSet
	defaults        Defaults
	labels          *Labels
	tests           []Test
	backend         string
	keys            map[string]scalar // the top-level keys that it has
}

// declaredSet is a set whose addresses may still have to be read from a file.
type declaredSet struct {
	Set
	name scalar
	file scalar // no text: inline
}

// readFile reads the text of one policy file, and reports everything that can be seen in it alone.
func readFile(name string, data []byte) *file {
	f := &file{name: name, backend: "auto", keys: map[string]scalar{}}
	f.defaults = Defaults{Ingress: Deny, Egress: Allow, Refuse: Reject}
	if len(data) > largestFile {
		f.problems = Problems{tooLarge(name, largestFile)}
		return f
	}
	characters := f.clean(string(data))
	f.root = f.parseYAML(f.withoutTrailingBlanks())
	if f.root != nil || len(f.problems) == 0 {
		f.sections()
	}
	f.problems = append(characters, without(f.problems, characters)...)
	return f
}

// clean splits the text into lines, and replaces and reports the characters that have no place in them.
func (f *file) clean(text string) (problems Problems) {
	f.lines = strings.Split(text, "\n")
	windows := false
	for i, line := range f.lines {
		text, ends := strings.CutSuffix(line, "\r")
		s := source{file: f.name, line: i + 1, text: text}
		if ends && !windows {
			problems = append(problems, s.problem(word{text, 1}.behind(), windowsFault(f.name)))
		}
		windows = windows || ends
		found := s.characters()
		if len(text) > longestLine {
			long := faultf("break it", "the line is longer than %d characters", longestLine)
			text, found = "", Problems{s.problem(word{text, 1}.part(longestLine, " "), long)}
		}
		if len(found) > 0 {
			text = cleaned(text)
		}
		f.lines[i], problems = text, append(problems, found...)
	}
	return problems
}

// withoutTrailingBlanks is the text for YAML's parser, which puts a scalar before blanks into a wrong column.
func (f *file) withoutTrailingBlanks() string {
	var b strings.Builder
	for _, line := range f.lines {
		b.WriteString(strings.TrimRight(line, " \t"))
		b.WriteByte('\n')
	}
	return b.String()
}

// windowsFault is reported once a file, and otherwise line ends are taken as they are meant.
func windowsFault(name string) *fault {
	return faultf("sed -i 's/\\r$//' "+name, "the lines end in CR LF")
}

// cleaned replaces forbidden characters one by one, so that columns stay.
func cleaned(line string) string {
	return strings.Map(func(r rune) rune {
		if wording.Forbidden(r) {
			return utf8.RuneError
		}
		return r
	}, line)
}

// without leaves out the problems in lines that have bad characters: they are consequences.
func without(problems, characters Problems) Problems {
	bad := map[int]bool{}
	for _, p := range characters {
		bad[p.Position.Line] = true
	}
	var rest Problems
	for _, p := range problems {
		if !bad[p.Position.Line] {
			rest = append(rest, p)
		}
	}
	return rest
}

func (f *file) source(line int) source {
	s := source{file: f.name, line: line}
	if 0 < line && line <= len(f.lines) {
		s.text = f.lines[line-1]
	}
	return s
}

func (f *file) fail(s scalar, fault *fault) {
	if fault != nil {
		f.problems = append(f.problems, s.source.problem(s.word, fault))
	}
}

func tooLarge(name string, most int) Problem {
	return Problem{
		Position: Position{File: name},
		Message:  fmt.Sprintf("the file is larger than %d MB", most>>20),
	}
}
