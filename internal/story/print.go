package story

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Style paints words for a terminal; the zero value leaves them as they are.
type Style struct{ Good, Bad, Doubtful, Title func(string) string }

func paint(with func(string) string, text string) string {
	if with == nil {
		return text
	}
	return with(text)
}

// Lines are what Print prints, without the title.
func (s *Story) Lines() []string {
	var b strings.Builder
	s.Print(&b, Style{}, false)
	return strings.Split(strings.TrimRight(b.String(), "\n"), "\n")[1:]
}

// Print tells the story; detailed, with every rule that the packet met.
func (s *Story) Print(w io.Writer, style Style, detailed bool) {
	fmt.Fprintln(w, paint(style.Title, s.Title))
	if s.First != nil {
		fmt.Fprintln(w, "there is no such packet, because the conversation's first one does not pass:")
		s.First.Print(w, style, detailed)
		return
	}
	if len(s.Ways) > 1 {
		fmt.Fprintln(w, paint(style.Doubtful, fmt.Sprintf("what happens hangs on what is not known; %d things can:", len(s.Ways))))
	}
	for i := range s.Ways {
		s.Ways[i].print(w, style, detailed, i+1, len(s.Ways))
	}
	if s.Verdict == Possibly && s.Unread > 0 {
		fmt.Fprintln(w, mark(style, Possibly)+" possibly: not all rules of this host were read")
	}
}

func (way *Way) print(w io.Writer, style Style, detailed bool, number, of int) {
	for i, b := range way.Because {
		lead := "   and "
		if i == 0 {
			lead = fmt.Sprintf("%d. if ", number)
		}
		fmt.Fprintln(w, paint(style.Doubtful, lead+b))
	}
	if of > 1 && len(way.Because) == 0 {
		fmt.Fprintf(w, "%d.\n", number)
	}
	printLines(w, way.Lines, detailed)
	if way.Proxy != "" {
		fmt.Fprintln(w, way.Proxy)
	}
	if way.Then != nil {
		way.Then.Print(w, style, detailed)
		if len(way.Then.Ways) == 1 && way.Verdict == Reaches {
			return // said already
		}
	}
	fmt.Fprintln(w, mark(style, way.Verdict)+" "+way.Sentence)
}

func mark(style Style, v Verdict) string {
	switch v {
	case Reaches:
		return paint(style.Good, "✓")
	case Possibly:
		return paint(style.Doubtful, "?")
	}
	return paint(style.Bad, "✗")
}

// Widest that columns are made; what is longer pushes the rest of its line only.
const (
	widestPlace = 46
	widestWhat  = 90
)

// printLines writes steps in aligned columns: hook, place, what, who.
func printLines(w io.Writer, lines []Line, detailed bool) {
	hook, place, what := len("prerouting"), 0, 0
	for _, l := range lines {
		if l.Detail && !detailed {
			continue
		}
		hook = max(hook, len(l.Hook))
		place = max(place, min(utf8.RuneCountInString(l.Place), widestPlace))
		what = max(what, min(utf8.RuneCountInString(l.What), widestWhat))
	}
	for _, l := range lines {
		if l.Detail && !detailed {
			continue
		}
		line := "  " + pad(l.Hook, hook) + "  " + pad(l.Place, place) + "  " + pad(l.What, what) + "  " + l.Who
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

// Minimal is the story in one line for scripts: the verdict as its first word, then how it ends and by which rule.
func (s *Story) Minimal() string {
	if s.First != nil {
		return s.First.Minimal()
	}
	var ends []string
	for _, way := range s.Ways {
		text := way.Sentence
		if way.By != "" && way.Verdict != Reaches {
			text += " by " + way.By
		}
		ends = append(ends, text)
	}
	text := strings.Join(ends, "; or: ")
	if !strings.HasPrefix(text, string(s.Verdict)) {
		return string(s.Verdict) + ": " + text
	}
	return text
}
