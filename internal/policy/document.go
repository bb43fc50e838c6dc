package policy

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of a file's structure. YAML's parser is recursive, and its time grows with the square of a mapping's keys.
const (
	deepest  = 16 // a policy needs four
	mostKeys = 10_000
)

// scalar is a word or a sentence of a YAML file, in the place where it stands.
type scalar struct {
	source source
	word
	quoted bool
}

// parseYAML parses a file's text into the one mapping that it must be; nil where it is not, which is then reported.
func (f *file) parseYAML(text string) *ast.MappingNode {
	tokens := lexer.Tokenize(text)
	if t, fault := tooMuch(tokens); t != nil {
		f.fail(f.atToken(t), fault)
		return nil
	}
	parsed, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		f.syntax(err)
		return nil
	}
	return f.only(parsed.Docs)
}

// only is the file's one document, which has keys; nil where it has none.
func (f *file) only(docs []*ast.DocumentNode) (root *ast.MappingNode) {
	for i, doc := range docs {
		mapping, ok := doc.Body.(*ast.MappingNode)
		switch {
		case doc.Body == nil:
		case !ok:
			f.fail(f.at(doc.Body), faultf("begin the file with: version: 1", "a policy file has keys, and this is none"))
			return nil
		case i > 0:
			f.fail(f.at(doc.Body), faultf("put it into a file of its own", "here begins a second document"))
			return nil
		default:
			root = mapping
		}
	}
	return root
}

// tooMuch is the first token beyond the limits, nil where there is none.
func tooMuch(tokens token.Tokens) (*token.Token, *fault) {
	depth, entries, line, keys := 0, 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			entries, line = 0, t.Position.Line
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType:
			entries++
		case token.MappingValueType:
			keys++
		}
		if depth > deepest || entries > deepest {
			return t, faultf("sections, lists and sets are all there is", "this is nested too deeply")
		}
		if keys > mostKeys {
			return t, faultf("put addresses into fewer sets", "the file has more than %d keys", mostKeys)
		}
	}
	return nil, nil
}

// syntax reports what YAML's parser does not understand.
func (f *file) syntax(err error) {
	var located interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if !errors.As(err, &located) || located.GetToken() == nil {
		f.fail(scalar{source: f.source(1), word: word{"", 1}}, faultf("", "this is not YAML: %v", err))
		return
	}
	hint := "a sentence with a special character can be put in quotes"
	message := located.GetMessage()
	if strings.Contains(message, "\t") {
		message, hint = "a tab stands where the line is indented", "indent with blanks"
	}
	f.fail(f.atToken(located.GetToken()), faultf(hint, "this is not YAML: %s", message))
}

// at is the place where a node begins, with its first line as text.
func (f *file) at(n ast.Node) scalar {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return f.at(m.Values[0].Key)
	}
	return f.atToken(n.GetToken())
}

func (f *file) atToken(t *token.Token) scalar {
	text, _, _ := strings.Cut(strings.TrimSpace(t.Value), "\n")
	return scalar{source: f.source(t.Position.Line), word: word{text, t.Position.Column}}
}

// scalar is the text of a node with its exact place. What is not on one line exactly as it reads is reported.
func (f *file) scalar(n ast.Node, parent scalar, wanted string) (scalar, bool) {
	s := f.at(n)
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return f.oneLine(n.GetToken(), s)
	case *ast.NullNode:
		if n.GetToken().Type == token.NullType {
			parent = s
		}
		f.fail(parent, faultf("write "+wanted, "there is no value"))
	case *ast.MappingNode:
		f.failMapping(f.atToken(n.GetToken()), wanted)
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		f.fail(s, faultf("write the value itself", "anchors, aliases and tags have no place in a policy"))
	default:
		f.fail(s, faultf("write "+wanted, "a list or a block of text has no place here"))
	}
	return s, false
}

// failMapping explains the key that YAML sees where a word ends in a colon: "allow all from 2001:db8::".
func (f *file) failMapping(s scalar, wanted string) {
	if s.text == "{" {
		f.fail(s, faultf("write "+wanted, "a mapping has no place here"))
		return
	}
	f.fail(s, faultf("put the sentence in quotes; otherwise leave the colon out",
		"a colon at the end of a word makes a key of all before it"))
}

// oneLine finds a scalar in its source line and checks that it reads there as YAML gives it.
func (f *file) oneLine(t *token.Token, s scalar) (scalar, bool) {
	quote := ""
	switch t.Type {
	case token.SingleQuoteType:
		quote = "'"
	case token.DoubleQuoteType:
		quote = `"`
	}
	if !strings.HasPrefix(s.source.from(s.column), quote+t.Value+quote) {
		f.fail(s, faultf("write it on one line, without backslashes and quotes inside",
			"this does not read exactly as it is written"))
		return s, false
	}
	s.word = word{t.Value, s.column + len(quote)}
	s.quoted = quote != ""
	return s, true
}

// list is the elements of a sequence. An empty value is an empty list.
func (f *file) list(n ast.Node, key scalar, wanted string) []scalar {
	if _, empty := n.(*ast.NullNode); empty {
		return nil
	}
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		f.fail(f.at(n), faultf("write each on a line of its own, with a dash before it", "%s is a list", key.text))
		return nil
	}
	items := make([]scalar, 0, len(sequence.Values))
	for i, value := range sequence.Values {
		parent := key
		if entry := sequence.Entries[i]; entry.Start != nil { // elements in brackets have no dash
			parent = f.atToken(entry.Start)
		}
		if s, ok := f.scalar(value, parent, wanted); ok {
			items = append(items, s)
		}
	}
	return items
}

// mapping calls each for every key. Keys that stand twice are reported.
func (f *file) mapping(n ast.Node, key scalar, wanted string, each func(key scalar, value ast.Node)) {
	mapping, ok := n.(*ast.MappingNode)
	if _, empty := n.(*ast.NullNode); empty {
		return
	}
	if !ok {
		f.fail(f.at(n), faultf("write "+wanted, "%s is a mapping", key.text))
		return
	}
	seen := map[string]int{}
	for _, pair := range mapping.Values {
		k := f.at(pair.Key)
		if line, twice := seen[k.text]; twice {
			f.fail(k, faultf("put both together, or leave one out",
				"%s stands here twice, first in line %d", quote(k.text), line))
			continue
		}
		seen[k.text] = k.source.line
		each(k, pair.Value)
	}
}
