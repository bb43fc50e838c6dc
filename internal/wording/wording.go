// Package wording is what messages have in common: text from elsewhere made safe to print, and what a mistyped word was
// probably meant to be.
package wording

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable replaces every character that could move the cursor, hide text or turn its direction.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if Forbidden(r) || r == '\n' {
			return utf8.RuneError
		}
		return r
	}, s)
}

// Forbidden tells whether a character has no place in a line of text: control characters (but not tab and newline), line
// separators, the byte order mark, and those that turn the direction of text and so hide what a line says.
func Forbidden(r rune) bool {
	switch {
	case r == '\t' || r == '\n' || ' ' <= r && r <= '~':
		return false
	case r == '\u2028' || r == '\u2029' || r == '\ufeff' || r == utf8.RuneError:
		return true
	}
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r)
}
