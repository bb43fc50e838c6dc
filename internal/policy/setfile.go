package policy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"go4.org/netipx"
)

// Limits of a set file.
const (
	largestSet      = 128 << 20 // bytes
	longestSetLine  = 4 << 10   // bytes
	mostSetProblems = 100       // more bad lines are only counted: a wrong file is wrong in every line
)

// loadSet reads the addresses of a set that has a file of its own.
func loadSet(declared declaredSet, open opener) (Set, Problems) {
	set := declared.Set
	set.File = declared.file.text
	if !filepath.IsAbs(set.File) {
		set.File = filepath.Join(filepath.Dir(set.Position.File), set.File)
	}
	f, err := open(set.File)
	if err == nil {
		defer f.Close()
		var problems Problems
		if set.Ranges, problems, err = readSet(set.File, f); err == nil {
			return set, problems
		}
	}
	p := unreadable(set.File, err)
	return set, Problems{declared.file.source.problem(declared.file.word,
		faultf(p.Hint, "%s: %s", set.File, p.Message))}
}

// readSet reads one address, prefix or range a line; '#' begins a comment. It holds no more of the file in memory than
// the addresses, and makes room for them once.
func readSet(name string, r io.ReadSeeker) ([]netipx.IPRange, Problems, error) {
	count, err := countLines(r)
	if err != nil {
		return nil, nil, err
	}
	lines := setLines{name: name, ranges: make([]netipx.IPRange, 0, count)}
	in := bufio.NewReaderSize(io.LimitReader(r, largestSet), longestSetLine)
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			lines.number++
			lines.fail(word{"", 1}, "", faultf("one address a line",
				"the line is longer than %d characters, and nothing behind it was read", longestSetLine))
			return nil, lines.finish(), nil
		}
		lines.add(line)
		if errors.Is(err, io.EOF) {
			return lines.ranges, lines.finish(), nil
		}
		if err != nil {
			return nil, nil, err
		}
	}
}

// setLines collects the addresses of a set file, line by line.
type setLines struct {
	name     string
	number   int
	windows  bool // the problem of CR LF is reported
	ranges   []netipx.IPRange
	problems Problems
	more     int // problems that are only counted
}

// add reads one line, with its line end.
func (l *setLines) add(line []byte) {
	l.number++
	s := source{file: l.name, line: l.number, text: l.withoutEnd(line)}
	if problems := s.characters(); len(problems) > 0 {
		l.report(problems[0])
		return
	}
	content, _, _ := strings.Cut(s.text, "#")
	w := word{text: content, column: 1}.trimmed()
	if w.text == "" {
		return
	}
	r, f := setRange(w.text)
	if strings.ContainsAny(w.text, " \t,") {
		const hint = "write one address, prefix or range a line; '#' begins a comment"
		f = faultf(hint, "there is more than one word in the line")
	}
	if f != nil {
		l.report(s.problem(w, f))
		return
	}
	l.ranges = append(l.ranges, r)
}

// withoutEnd cuts the line end, and reports those of Windows once.
func (l *setLines) withoutEnd(line []byte) string {
	text, windows := strings.CutSuffix(strings.TrimSuffix(string(line), "\n"), "\r")
	if windows && !l.windows {
		l.fail(word{text, 1}.behind(), text, windowsFault(l.name))
	}
	l.windows = l.windows || windows
	return text
}

func (l *setLines) fail(w word, text string, f *fault) {
	l.report(source{file: l.name, line: l.number, text: text}.problem(w, f))
}

func (l *setLines) report(p Problem) {
	if len(l.problems) < mostSetProblems {
		l.problems = append(l.problems, p)
		return
	}
	l.more++
}

func (l *setLines) finish() Problems {
	if l.more > 0 {
		p := Problem{Position: Position{File: l.name, Line: l.number, Column: 1},
			Message: fmt.Sprintf("%d more lines of this file are wrong", l.more)}
		l.problems = append(l.problems, p)
	}
	return l.problems
}

// countLines counts the lines of a file and goes back to its beginning.
func countLines(r io.ReadSeeker) (count int, err error) {
	buffer, size := make([]byte, 64<<10), 0
	for {
		n, err := r.Read(buffer)
		count += bytes.Count(buffer[:n], []byte{'\n'})
		if size += n; size > largestSet {
			p := tooLarge("", largestSet)
			return 0, &untrustedError{p.Message, "split it into several sets"}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
	}
	_, err = r.Seek(0, io.SeekStart)
	return count + 1, err
}
