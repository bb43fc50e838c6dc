package main

import (
	"bufio"
	"context"
	"io"
	"os"

	"golang.org/x/term"
)

// style colours words, on terminals only, and not where NO_COLOR is set (https://no-color.org).
type style struct{ colours bool }

func newStyle(f *os.File) style {
	return style{os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))}
}

func (s style) in(code, text string) string {
	if !s.colours {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) good(text string) string     { return s.in("32", text) }
func (s style) bad(text string) string      { return s.in("31", text) }
func (s style) doubtful(text string) string { return s.in("33", text) }
func (s style) title(text string) string    { return s.in("1", text) }

// readLine reads one line, or ends with the context. The reader is not used again after that.
func readLine(ctx context.Context, r io.Reader) (string, error) {
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := bufio.NewReader(r).ReadString('\n')
		read <- line{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case l := <-read:
		return l.text, l.err
	}
}
