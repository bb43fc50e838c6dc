package imports

import "strings"

// redirect takes <, >, and the operators made of them. Here-documents are read behind the line.
func (l *lexer) redirect() (why string) {
	l.dropDescriptor()
	operator := l.text[l.at:min(l.at+3, len(l.text))]
	switch {
	case operator == "<<<":
		l.at += 3
	case strings.HasPrefix(operator, "<<"):
		l.at += len("<<")
		return l.hereDelimiter()
	default:
		l.at += len(operator) - len(strings.TrimLeft(operator, "<>"))
		rest := l.rest()
		if strings.HasPrefix(rest, "&") { // >&2
			l.at += len(rest) - len(strings.TrimLeft(rest, "&0123456789-"))
			return ""
		}
	}
	l.tokens = append(l.tokens, token{kind: redirectToken, line: l.line})
	return ""
}

// dropDescriptor ends the word before a redirection, or forgets it where it is only the descriptor's number.
func (l *lexer) dropDescriptor() {
	if l.pieces == nil && !l.quoted && strings.Trim(string(l.literal), "0123456789") == "" {
		l.literal = nil
	}
	l.flush()
}

func (l *lexer) hereDelimiter() (why string) {
	text := strings.TrimLeft(strings.TrimPrefix(l.rest(), "-"), " \t")
	end := strings.IndexAny(text, " \t;|&>)")
	if end < 0 {
		end = len(text)
	}
	delimiter := strings.Trim(strings.TrimSpace(text[:end]), `"'\`)
	if delimiter == "" {
		return "the here-document has no end"
	}
	l.at += len(l.rest()) - len(text) + end
	l.ends = append(l.ends, delimiter)
	return ""
}

// hereDocuments takes the bodies that follow the line.
func (l *lexer) hereDocuments() {
	for _, end := range l.ends {
		for l.at < len(l.text) {
			text, line := strings.TrimSpace(l.rest()), l.line
			l.nextLine()
			if text == end {
				break
			}
			l.tokens = append(l.tokens, token{kind: hereToken, line: line, text: text})
		}
	}
	l.ends = nil
}
