package nft

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// value is one JSON value as a tree. encoding/json would scan each level of a rule again; a listing of 100,000 rules is
// 40 MB, and nearly all of its values are strings without escapes, which here are parts of the text.
type value struct {
	kind kind
	text string   // of a string; of a number as written; "true" or "false"
	list []value  // of an array; of an object its values
	keys []string // of an object, beside list
}

type kind uint8

const (
	null kind = iota
	boolean
	number
	jsonText
	array
	object
)

// get is an object's member, null if it has none of that name.
func (v value) get(key string) value {
	for i, k := range v.keys {
		if k == key {
			return v.list[i]
		}
	}
	return value{}
}

// has tells whether an object has a member, be it null.
func (v value) has(key string) bool {
	for _, k := range v.keys {
		if k == key {
			return true
		}
	}
	return false
}

// only is an object's member where it has one alone, as all statements and expressions do.
func (v value) only() (string, value) {
	if v.kind != object || len(v.list) == 0 {
		return "", value{}
	}
	return v.keys[0], v.list[0]
}

// items are an array's values, or the value itself where nft writes a list of one without brackets.
func (v value) items() []value {
	switch v.kind {
	case array:
		return v.list
	case null:
		return nil
	}
	return []value{v}
}

// uint is a number, 0 where the value is none.
func (v value) uint() uint64 {
	n, _ := strconv.ParseUint(v.text, 10, 64)
	return n
}

const (
	maxDepth = 64      // of values in values; nft's own are below 20
	maxNodes = 1 << 22 // of one value: an anonymous set of a million elements
)

var errTooLarge = errors.New("a value is too large")

// scanner reads JSON from its place in a text.
type scanner struct {
	text  string
	at    int
	nodes int // left for the value that is being read
	// The insides of values: of those that are being read, and of those that are whole. forget uses their memory again.
	open, whole         []value
	openKeys, wholeKeys []string
}

// forget makes room: values that were read before must not be used any more.
func (s *scanner) forget() { s.whole, s.wholeKeys = s.whole[:0], s.wholeKeys[:0] }

// close takes what was opened since a place, as the inside of one value.
func (s *scanner) close(values, keys int) ([]value, []string) {
	first, firstKey := len(s.whole), len(s.wholeKeys)
	s.whole, s.wholeKeys = append(s.whole, s.open[values:]...), append(s.wholeKeys, s.openKeys[keys:]...)
	s.open, s.openKeys = s.open[:values], s.openKeys[:keys]
	return s.whole[first:len(s.whole):len(s.whole)], s.wholeKeys[firstKey:len(s.wholeKeys):len(s.wholeKeys)]
}

func (s *scanner) errorf(format string, args ...any) error {
	return fmt.Errorf("at byte %d %s", s.at, fmt.Sprintf(format, args...))
}

// next goes over white space to the next byte, 0 at the end.
func (s *scanner) next() byte {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) take(c byte) error {
	if s.next() != c {
		if s.at >= len(s.text) {
			return s.errorf("it ends where %q should stand", c)
		}
		return s.errorf("stands %q and not %q", s.text[s.at], c)
	}
	s.at++
	return nil
}

// sequence calls each for the things between two brackets that commas part. each moves on.
func (s *scanner) sequence(first, last byte, each func() error) error {
	if err := s.take(first); err != nil {
		return err
	}
	if s.next() == last {
		s.at++
		return nil
	}
	for {
		if err := each(); err != nil {
			return err
		}
		if s.next() == last {
			s.at++
			return nil
		}
		if err := s.take(','); err != nil {
			return err
		}
	}
}

// elements calls each where an array's values begin.
func (s *scanner) elements(each func() error) error { return s.sequence('[', ']', each) }

// members calls each with the name of an object's members, where their values begin.
func (s *scanner) members(each func(key string) error) error {
	return s.sequence('{', '}', func() error {
		key, err := s.quoted()
		if err != nil {
			return err
		}
		if err := s.take(':'); err != nil {
			return err
		}
		s.next()
		return each(key)
	})
}

// value reads one value whole.
func (s *scanner) value() (value, error) {
	s.nodes = maxNodes
	return s.nested(0)
}

func (s *scanner) nested(depth int) (v value, err error) {
	if s.nodes--; depth > maxDepth || s.nodes < 0 {
		return v, errTooLarge
	}
	values, keys := len(s.open), len(s.openKeys)
	switch s.next() {
	case '{':
		v.kind = object
		err = s.members(func(key string) error {
			s.openKeys = append(s.openKeys, key)
			return s.inside(depth)
		})
		v.list, v.keys = s.close(values, keys)
	case '[':
		v.kind = array
		err = s.elements(func() error { return s.inside(depth) })
		v.list, v.keys = s.close(values, keys)
	case '"':
		v.kind = jsonText
		v.text, err = s.quoted()
	default:
		return s.word()
	}
	return v, err
}

// inside reads a value in a value.
func (s *scanner) inside(depth int) error {
	v, err := s.nested(depth + 1)
	s.open = append(s.open, v)
	return err
}

// endsWord are the bytes that no number and no word has.
var endsWord = [256]bool{' ': true, '\t': true, '\n': true, '\r': true, ',': true, ':': true, '[': true, ']': true, '{': true,
	'}': true, '"': true}

// word reads a number, true, false or null.
func (s *scanner) word() (value, error) {
	start := s.at
	for s.at < len(s.text) && !endsWord[s.text[s.at]] {
		s.at++
	}
	switch w := s.text[start:s.at]; {
	case w == "null":
		return value{}, nil
	case w == "true" || w == "false":
		return value{kind: boolean, text: w}, nil
	case isNumber(w):
		return value{kind: number, text: w}, nil
	}
	s.at = start
	return value{}, s.errorf("stands no value")
}

// isNumber is as lax as it can be: a number that is none is found where it is used.
func isNumber(w string) bool {
	for i := range len(w) {
		if c := w[i]; (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' && c != 'e' && c != 'E' {
			return false
		}
	}
	return w != ""
}

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

// skip goes over one value without building it. What is wrong inside it is found by who reads it.
func (s *scanner) skip() error {
	depth := 0
	for {
		switch c := s.next(); c {
		case 0:
			return s.errorf("it ends in the middle")
		case '{', '[':
			depth++
			s.at++
		case '}', ']':
			if depth--; depth < 0 {
				return s.errorf("stands a bracket too many")
			}
			s.at++
		case '"':
			if err := s.skipQuoted(); err != nil {
				return err
			}
		case ',', ':':
			s.at++
		default:
			if _, err := s.word(); err != nil {
				return err
			}
		}
		if depth == 0 {
			return nil
		}
	}
}

func (s *scanner) skipQuoted() error {
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return nil
		}
	}
	return s.errorf("a string does not end")
}
