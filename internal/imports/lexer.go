package imports

import "strings"

// longestQuote is how far a quoted string or a substitution may reach, in bytes. What is longer was never closed.
const longestQuote = 16 << 10

// kind is what a token is.
type kind uint8

// The kinds of token.
const (
	wordToken     kind = iota
	operatorToken      // ; && || | & ( ) ;;  — a line's end is ";"
	redirectToken      // the next word is a file
	ruleToken          // a whole line of iptables-save or ipset save
	hereToken          // the body of a here-document, one token a line
)

// piece is a part of a word.
type piece struct {
	text     string
	quoted   bool
	variable bool // text is a variable's name
	standard string
	unknown  bool // text is a substitution that only a shell can do
}

type token struct {
	kind   kind
	line   int
	text   string
	pieces []piece
}

// lexer cuts a shell script, with lines of iptables-save among its own, into tokens.
type lexer struct {
	text   string
	at     int
	line   int
	tokens []token
	broken func(line int, why string) (goOn bool)

	pieces  []piece // of the word that is being read
	literal []byte  // the word's last piece, while it is plain text; nil: it is not
	quoted  bool    // the literal
	ends    []string
}

// lex gives the tokens of text. What cannot be read is reported by its line, and left out.
func lex(text string, broken func(line int, why string) (goOn bool)) []token {
	l := &lexer{text: text, line: 1, broken: broken}
	for l.at < len(l.text) {
		if !l.ruleLine() {
			l.logicalLine()
		}
	}
	return l.tokens
}

// rest is the physical line from here on.
func (l *lexer) rest() string {
	text, _, _ := strings.Cut(l.text[l.at:], "\n")
	return text
}

// nextLine goes behind the end of the physical line.
func (l *lexer) nextLine() {
	l.at += min(len(l.rest())+1, len(l.text)-l.at)
	l.line++
}

// ruleLine takes a line that belongs to iptables-save or to ipset save.
func (l *lexer) ruleLine() bool {
	text := strings.TrimSpace(l.rest())
	if !savedLine(text) {
		return false
	}
	l.tokens = append(l.tokens, token{kind: ruleToken, line: l.line, text: text})
	l.nextLine()
	return true
}

// logicalLine reads commands up to the end of a line that no backslash and no quote continues.
func (l *lexer) logicalLine() {
	start, line, count := l.at, l.line, len(l.tokens)
	for l.at < len(l.text) && l.text[l.at] != '\n' {
		if why := l.step(); why != "" {
			if !l.broken(line, why) {
				l.at = len(l.text)
				return
			}
			l.at, l.line, l.tokens = start, line, l.tokens[:count]
			l.pieces, l.literal, l.ends = nil, nil, nil
			l.nextLine()
			return
		}
	}
	l.flush()
	l.operator(";")
	l.nextLine()
	l.hereDocuments()
}

// step reads one character, or all that belongs to it.
func (l *lexer) step() (why string) {
	switch c := l.text[l.at]; {
	case c == ' ' || c == '\t' || c == '\r':
		l.flush()
		l.at++
	case c == '#' && !l.inWord():
		l.at += len(l.rest())
	case c == '\\':
		l.escape()
	case c == '\'':
		return l.single()
	case c == '"':
		return l.double()
	case c == '$' || c == '`':
		return l.dollar(false)
	case strings.IndexByte("<>", c) >= 0:
		return l.redirect()
	case strings.IndexByte(";&|()", c) >= 0:
		l.symbol()
	default:
		l.plain(l.text[l.at:l.at+1], false)
		l.at++
	}
	return ""
}

// plain puts text behind the word's last piece.
func (l *lexer) plain(text string, quoted bool) {
	if l.literal == nil || l.quoted != quoted {
		l.endLiteral()
		l.literal, l.quoted = []byte{}, quoted
	}
	l.literal = append(l.literal, text...)
}

// add puts a piece that is not plain text behind the word's others.
func (l *lexer) add(p piece) {
	l.endLiteral()
	l.pieces = append(l.pieces, p)
}

func (l *lexer) endLiteral() {
	if l.literal != nil {
		l.pieces = append(l.pieces, piece{text: string(l.literal), quoted: l.quoted})
	}
	l.literal = nil
}

func (l *lexer) inWord() bool { return l.literal != nil || l.pieces != nil }

// flush ends the word.
func (l *lexer) flush() {
	l.endLiteral()
	if l.pieces != nil {
		l.tokens = append(l.tokens, token{kind: wordToken, line: l.line, pieces: l.pieces})
	}
	l.pieces = nil
}

func (l *lexer) operator(text string) {
	l.flush()
	l.tokens = append(l.tokens, token{kind: operatorToken, line: l.line, text: text})
}

func (l *lexer) symbol() {
	for _, two := range []string{"&&", "||", ";;"} {
		if strings.HasPrefix(l.text[l.at:], two) {
			l.operator(two)
			l.at += 2
			return
		}
	}
	if strings.HasPrefix(l.text[l.at:], "&>") { // both streams to a file
		l.at++
		return
	}
	l.operator(l.text[l.at : l.at+1])
	l.at++
}

// unclosed is the reason of what has no end.
func unclosed(what string) string { return what + " is opened here and never closed" }
