package imports

import "strings"

// escape is a backslash: before a line's end it continues the line, else it quotes one character.
func (l *lexer) escape() {
	rest := l.text[l.at+1:]
	switch {
	case strings.HasPrefix(rest, "\n"):
		l.at += 2
		l.line++
	case strings.HasPrefix(rest, "\r\n"):
		l.at += 3
		l.line++
	case rest == "":
		l.at++
	default:
		l.plain(rest[:1], true)
		l.at += 2
	}
}

func (l *lexer) single() (why string) {
	end := strings.IndexByte(l.text[l.at+1:], '\'')
	if end < 0 || end > longestQuote {
		return unclosed("a quote")
	}
	text := l.text[l.at+1 : l.at+1+end]
	l.plain(text, true)
	l.at += end + 2
	l.line += strings.Count(text, "\n")
	return ""
}

func (l *lexer) double() (why string) {
	l.plain("", true) // "" is a word too
	start := l.at
	for l.at++; l.at < len(l.text) && l.at-start < longestQuote; {
		switch c := l.text[l.at]; {
		case c == '"':
			l.at++
			return ""
		case c == '\\' && l.at+1 < len(l.text) && strings.IndexByte("\\\"$`\n", l.text[l.at+1]) >= 0:
			l.escape()
		case c == '$' || c == '`':
			if why := l.dollar(true); why != "" {
				return why
			}
		default:
			l.plain(l.text[l.at:l.at+1], true)
			if c == '\n' {
				l.line++
			}
			l.at++
		}
	}
	return unclosed("a quote")
}
