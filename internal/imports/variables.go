package imports

import "strings"

// dollar reads what begins with a dollar or a backquote: a variable, or a substitution that only a shell can do.
func (l *lexer) dollar(quoted bool) (why string) {
	rest := l.text[l.at:min(l.at+longestQuote, len(l.text))]
	switch {
	case rest[0] == '`':
		return l.substitution(quoted, rest, strings.IndexByte(rest[1:], '`')+2, 1)
	case strings.HasPrefix(rest, "$("):
		return l.substitution(quoted, rest, closing(rest, '(', ')'), 2)
	case strings.HasPrefix(rest, "${"):
		return l.braces(quoted, rest)
	}
	end := 1
	for end < len(rest) && nameByte(rest[end]) {
		end++
	}
	if end == 1 && len(rest) > 1 && strings.IndexByte("@*#?!$-", rest[1]) >= 0 {
		end = 2
	}
	if end == 1 {
		l.plain("$", quoted)
	} else {
		l.add(piece{text: rest[1:end], quoted: quoted, variable: true})
	}
	l.at += end
	return ""
}

// substitution takes length bytes that stand for what a command prints; fewer than least: they have no end.
func (l *lexer) substitution(quoted bool, rest string, length, least int) (why string) {
	if length <= least {
		return unclosed(rest[:least])
	}
	l.add(piece{text: rest[:length], quoted: quoted, unknown: true})
	l.at += length
	l.line += strings.Count(rest[:length], "\n")
	return ""
}

// braces reads ${name} and ${name:-standard}.
func (l *lexer) braces(quoted bool, rest string) (why string) {
	length := closing(rest, '{', '}')
	if length == 0 {
		return unclosed("${")
	}
	inner := rest[2 : length-1]
	name := inner
	for i := range len(inner) {
		if !nameByte(inner[i]) {
			name = inner[:i]
			break
		}
	}
	p := piece{text: name, quoted: quoted, variable: true}
	behind := strings.TrimPrefix(inner[len(name):], ":")
	standard, hasStandard := strings.CutPrefix(behind, "-")
	if name == "" || behind != "" && (!hasStandard || strings.ContainsAny(standard, "$`")) {
		p = piece{text: rest[:length], quoted: quoted, unknown: true}
	}
	p.standard = strings.Trim(standard, `"'`)
	l.add(p)
	l.at += length
	l.line += strings.Count(rest[:length], "\n")
	return ""
}

// closing is the length of text up to the bracket that closes its first one, 0 where there is none.
func closing(text string, open, shut byte) int {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case open:
			depth++
		case shut:
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

func nameByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// plain is the word as written, if it needs no shell to read it.
func (t token) plain() (string, bool) {
	var b strings.Builder
	for _, p := range t.pieces {
		if p.variable || p.unknown {
			return "", false
		}
		b.WriteString(p.text)
	}
	return b.String(), t.kind == wordToken
}

// bare is the word as written, "" where a part of it is quoted or a variable: keywords are recognised bare only.
func (t token) bare() string {
	if len(t.pieces) != 1 || t.pieces[0].quoted {
		return ""
	}
	text, _ := t.plain()
	return text
}
