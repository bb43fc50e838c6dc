package audit

import (
	"strconv"
	"strings"
	"unicode"
)

func strange(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }

func escaped(r rune) string {
	quoted := strconv.QuoteRuneToASCII(r)
	return quoted[1 : len(quoted)-1]
}

// plain is text from outside without anything that a terminal or a reader could take for something else: control
// characters, and those that turn or hide text, are written as Go writes them.
func plain(text string) string {
	if strings.IndexFunc(text, strange) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if strange(r) {
			b.WriteString(escaped(r))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
