package nft

import (
	"errors"
	"fmt"
)

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
