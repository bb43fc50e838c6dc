package policy

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// However a file is laid out, every rule and every peer has its exact place.
func TestPositions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, want := anyLayout(t)
		p, problems := Parse("policy.yaml", []byte(text))
		if p == nil {
			t.Fatalf("%s\n%s", text, problems.Caret())
		}
		for i, r := range p.Ingress {
			peer := r.From.Items[0].Position
			if r.Position != want[i] || peer.Line != want[i].Line || peer.Column != want[i].Column+len("allow 80/tcp from ") {
				t.Errorf("rule %d is at %s and its peer at %s, want %s in\n%s", i, r.Position, peer, want[i], text)
			}
		}
	})
}

// layout writes a file and counts its lines.
type layout struct {
	*rapid.T
	text strings.Builder
	line int
	want []Position
}

func (l *layout) write(text string) {
	l.line += strings.Count(text, "\n")
	l.text.WriteString(text)
}

func (l *layout) from(choices ...string) string {
	return rapid.SampledFrom(choices).Draw(l.T, "choice")
}

// rule writes one sentence, after what stands before it in its line.
func (l *layout) rule() {
	quote := l.from("", "'", `"`)
	l.write(quote)
	lines := strings.Split(l.text.String(), "\n")
	column := utf8.RuneCountInString(lines[len(lines)-1]) + 1
	l.want = append(l.want, Position{"policy.yaml", l.line, column})
	l.write("allow 80/tcp from 10.0.0.1" + quote)
}

// anyLayout is a policy file of some rules in some layout, and their places.
func anyLayout(t *rapid.T) (string, []Position) {
	l := &layout{T: t, line: 1}
	l.write(l.from("", "# é\n", "\n\n", "---\n") + "version: 1" + l.from("", " # ☎", "  ") + "\n")
	rules := rapid.IntRange(1, 6).Draw(t, "rules")
	if rapid.Bool().Draw(t, "brackets") {
		l.brackets(rules)
	} else {
		l.dashes(rules)
	}
	l.write(l.from("", "sets: {}\n", "# end"))
	return l.text.String(), l.want
}

func (l *layout) dashes(rules int) {
	l.write("ingress:" + l.from("", "   # x", " ") + "\n")
	indent := l.from("", "  ", "      ")
	for range rules {
		l.write(l.from("", "\n", indent+"# é\n", "# - allow 1/tcp\n") + indent + "-" + l.from(" ", "    ", "\n       "))
		l.rule()
		l.write(l.from("", " ", "  # é", "\t# x", "   ") + "\n")
	}
}

func (l *layout) brackets(rules int) {
	l.write("ingress: [" + l.from("", " ", "\n    ", "  # é\n  "))
	for i := range rules {
		if i > 0 {
			l.write(l.from(",", ", ", " , ", ",\n  ", " ,  # é\n    "))
		}
		l.rule()
	}
	l.write(l.from("", " ", "\n  ") + "]" + l.from("", "  ", " # é") + "\n")
}

// However a list is laid out, a rule added to it and removed again leaves the text as it was.
func TestEditLayouts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &layout{T: t, line: 1}
		l.write("version: 1\n")
		l.dashes(rapid.IntRange(1, 6).Draw(t, "rules"))
		l.write(l.from("", "sets: {}\n", "# end\n", "\n\n"))
		before := l.text.String()
		added, err := AddRule([]byte(before), Ingress, "deny 81/udp")
		if err != nil {
			t.Fatalf("%v in\n%s", err, before)
		}
		p, problems := Parse("policy.yaml", added)
		if p == nil || len(p.Ingress) != len(l.want)+1 {
			t.Fatalf("%s\n%s", added, problems.Caret())
		}
		removed, err := RemoveRule(added, Ingress, "deny 81/udp")
		if err != nil || string(removed) != before {
			t.Fatalf("%v\n%s\nbecame\n%s", err, before, removed)
		}
	})
}
