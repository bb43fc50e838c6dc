package xtables

import (
	"errors"
	"strings"
)

// word is one argument as iptables-restore would take it from a line, with where it stands there.
type word struct {
	text       string
	quoted     bool
	start, end int
}

var errUnclosed = errors.New("a quote in it is never closed; a line break in a comment does that, and the next lines may be part of it")

// split cuts a line into words as add_param_to_argv of iptables does: a double quote begins and ends quoting anywhere
// in a word, and a backslash quotes the next character inside of quotes only.
func split(line string, words []word) ([]word, error) {
	for at := 0; at < len(line); {
		if line[at] == ' ' || line[at] == '\t' {
			at++
			continue
		}
		w, err := nextWord(line, at)
		if err != nil {
			return words, err
		}
		words = append(words, w)
		at = w.end
	}
	return words, nil
}

func nextWord(line string, start int) (word, error) {
	rest := line[start:]
	end := strings.IndexAny(rest, " \t\"")
	if end < 0 {
		end = len(rest)
	}
	if end == len(rest) || rest[end] != '"' {
		return word{text: rest[:end], start: start, end: start + end}, nil
	}
	return quotedWord(line, start)
}

func quotedWord(line string, start int) (word, error) {
	var b strings.Builder
	open := false
	for at := start; at < len(line); at++ {
		switch c := line[at]; {
		case c == '"':
			open = !open
		case open && c == '\\' && at+1 < len(line):
			at++
			b.WriteByte(line[at])
		case !open && (c == ' ' || c == '\t'):
			return word{b.String(), true, start, at}, nil
		default:
			b.WriteByte(c)
		}
	}
	if open {
		return word{}, errUnclosed
	}
	return word{b.String(), true, start, len(line)}, nil
}
