package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// paint is what the show is printed with: colours on a terminal, unless NO_COLOR is set.
type paint struct {
	out    io.Writer
	colour bool
}

func newPaint(f *os.File) paint {
	return paint{out: f, colour: term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == ""}
}

func (p paint) in(code, text string) string {
	if !p.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p paint) good(text string) string { return p.in("32", text) }
func (p paint) bad(text string) string  { return p.in("31;1", text) }
func (p paint) shut(text string) string { return p.in("33", text) }

func (p paint) headline(text string) { fmt.Fprintf(p.out, "\n%s\n\n", p.in("1", text)) }

func (p paint) say(format string, args ...any) { fmt.Fprintf(p.out, "  "+format+"\n", args...) }

func (p paint) command(format string, args ...any) {
	fmt.Fprintf(p.out, "  %s\n", p.in("36", "$ "+fmt.Sprintf(format, args...)))
}

// text prints what a file or a command says, indented.
func (p paint) text(text string) {
	for line := range strings.Lines(text) {
		fmt.Fprintf(p.out, "    %s\n", strings.TrimRight(line, "\n"))
	}
}
