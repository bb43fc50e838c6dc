package nft

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// quoted reads a string. Without a backslash it is a part of the text.
func (s *scanner) quoted() (string, error) {
	if err := s.take('"'); err != nil {
		return "", err
	}
	end := strings.IndexAny(s.text[s.at:], `"\`)
	if end >= 0 && s.text[s.at+end] == '"' {
		word := s.text[s.at : s.at+end]
		s.at += end + 1
		return word, nil
	}
	return s.escaped()
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escaped reads a string with escapes, from behind its opening quote.
func (s *scanner) escaped() (string, error) {
	var b strings.Builder
	for s.at < len(s.text) {
		c := s.text[s.at]
		s.at++
		switch {
		case c == '"':
			return b.String(), nil
		case c != '\\':
			b.WriteByte(c)
		case s.at < len(s.text) && s.text[s.at] == 'u':
			b.WriteRune(s.unicode())
		case s.at < len(s.text) && escapes[s.text[s.at]] != 0:
			b.WriteByte(escapes[s.text[s.at]])
			s.at++
		default:
			return "", s.errorf("stands an escape that JSON does not know")
		}
	}
	return "", s.errorf("a string does not end")
}

// unicode reads the uXXXX of an escape, and the second one of a surrogate pair.
func (s *scanner) unicode() rune {
	first := s.unit()
	if !utf16.IsSurrogate(first) || !strings.HasPrefix(s.text[s.at:], `\u`) {
		return first
	}
	s.at++
	return utf16.DecodeRune(first, s.unit())
}

func (s *scanner) unit() rune {
	end := min(s.at+5, len(s.text))
	n, err := strconv.ParseUint(s.text[s.at+1:end], 16, 16)
	s.at = end
	if err != nil {
		return utf8.RuneError
	}
	return rune(n)
}
