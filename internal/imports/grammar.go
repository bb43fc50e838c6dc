package imports

import (
	"slices"
	"strings"
)

// form is what a node of a script is.
type form uint8

// The forms.
const (
	simple      form = iota // a command with its words
	savedRule               // a line of iptables-save or ipset save
	group                   // commands in brackets
	loop                    // for name in words; do body; done
	conditional             // if, while, until, case: what runs is not known
	function                // name() { body }
)

// node is one command of a script.
type node struct {
	form  form
	line  int
	join  string // what stands between the command before and this one: "&&", "||", "|" or ""
	not   bool
	name  string  // a loop's variable, a function's name, a saved rule's text, the keyword of a conditional
	words []token // a command's; those that a loop goes through
	here  []token // the here-document
	body  []node
}

// deepest is how far a script may nest.
const deepest = 40

// parser makes nodes of tokens. It knows as much of the shell as scripts of iptables commands use, and never fails.
type parser struct {
	tokens []token
	at     int
	depth  int
}

func parse(tokens []token) []node {
	p := &parser{tokens: tokens}
	var nodes []node
	for !p.done() {
		nodes = append(nodes, p.list()...)
		p.at++ // an end without a beginning
	}
	return nodes
}

func (p *parser) done() bool { return p.at >= len(p.tokens) }

// is tells whether the next token is that keyword or operator.
func (p *parser) is(text string) bool {
	if p.done() {
		return false
	}
	t := p.tokens[p.at]
	return t.kind == operatorToken && t.text == text || t.kind == wordToken && t.bare() == text
}

func (p *parser) accept(text string) bool {
	if p.is(text) {
		p.at++
		return true
	}
	return false
}

// ends are the words and operators that end some list; where nothing waits for them they are passed over.
var ends = []string{"fi", "done", "esac", "}", ")"}

// between are the words between the lists of a conditional or a loop.
var between = []string{"then", "else", "elif", "do"}

// list reads commands up to one of the ends, which stays.
func (p *parser) list() []node {
	p.depth++
	defer func() { p.depth-- }()
	var nodes []node
	join := ""
	for !p.done() {
		if slices.ContainsFunc(ends, p.is) {
			return nodes
		}
		t := p.tokens[p.at]
		switch {
		case t.kind == hereToken:
			p.at++
			attach(nodes, t)
		case slices.ContainsFunc(between, p.is):
			p.at++
			join = ""
		case t.kind == operatorToken && t.text != "(":
			p.at++
			join = ""
			if t.text == "&&" || t.text == "||" || t.text == "|" {
				join = t.text
			}
		default:
			n := p.node()
			n.join, join = join, ""
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// attach gives a line of a here-document to the commands of the line before it.
func attach(nodes []node, t token) {
	for i := len(nodes) - 1; i >= 0 && nodes[i].line == nodes[len(nodes)-1].line; i-- {
		nodes[i].here = append(nodes[i].here, t)
	}
}

func (p *parser) node() node {
	t := p.tokens[p.at]
	n := node{line: t.line}
	if t.kind == ruleToken {
		p.at++
		n.form, n.name = savedRule, t.text
		return n
	}
	n.not = p.accept("!")
	switch keyword := p.keyword(); {
	case p.depth > deepest && keyword == "(":
		p.at++
	case p.depth > deepest:
	case keyword == "(" || keyword == "{":
		p.at++
		return p.block(n, group)
	case keyword == "for":
		p.at++
		return p.loop(n)
	case slices.Contains([]string{"if", "while", "until", "case"}, keyword):
		p.at++
		n.name = keyword
		return p.conditional(n)
	case keyword == "function":
		p.at++
		return p.function(n)
	case strings.Trim(keyword, nameBytes+"-") == "" && p.at+2 < len(p.tokens) &&
		p.tokens[p.at+1].text == "(" && p.tokens[p.at+2].text == ")":
		return p.function(n)
	}
	return p.simple(n)
}

func (p *parser) keyword() string {
	if p.done() {
		return ""
	}
	if t := p.tokens[p.at]; t.kind == operatorToken {
		return t.text
	}
	return p.tokens[p.at].bare()
}

// simple reads a command's words, without redirections and their files.
func (p *parser) simple(n node) node {
	for ; !p.done(); p.at++ {
		t := p.tokens[p.at]
		switch t.kind {
		case wordToken:
			n.words = append(n.words, t)
		case redirectToken:
			if p.at+1 < len(p.tokens) && p.tokens[p.at+1].kind == wordToken {
				p.at++
			}
		default:
			return n
		}
	}
	return n
}
