package xtables

import (
	"fmt"
	"strings"

	"github.com/dockwall/dockwall/internal/wording"
)

// scanner goes through a text line by line and keeps what could not be read.
type scanner struct {
	line   int // from 1
	unread remarks
}

// lines calls read for every line, without blanks around it; empty ones are left out.
func (s *scanner) lines(text string, read func(line string)) {
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		s.line++
		if line = strings.TrimSpace(line); line != "" {
			read(line)
		}
	}
}

// misread notes a line that is in no table of the result.
func (s *scanner) misread(line, why string) {
	if s.unread.full() {
		return
	}
	s.unread.add("line %d, %q, %s", s.line, shortened(line), why)
}

// shortened is the beginning of a text, as much as fits into a sentence, and without what could trick a terminal.
func shortened(text string) string {
	const most = 60
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return wording.Printable(text)
}

// remarks are sentences, as many as people read; others are only counted.
type remarks struct {
	list []string
	more int
}

func (r *remarks) add(format string, args ...any) {
	if r.full() {
		return
	}
	r.list = append(r.list, fmt.Sprintf(format, args...))
}

// full tells that no more sentences are kept, and counts one.
func (r *remarks) full() bool {
	if len(r.list) < maxUnread {
		return false
	}
	r.more++
	return true
}

func (r *remarks) sentences() []string {
	if r.more == 0 {
		return r.list
	}
	return append(r.list, fmt.Sprintf("%d more lines could not be read", r.more))
}
