package nftables

import (
	"fmt"
	"strings"
)

// tableName is the one table. Everything in it is dockwall's.
const tableName = "inet dockwall"

// table is what the table should be, as text but for the keys of its elements.
type table struct {
	sets   []*set
	chains []*chain
}

// chain is a list of rules. One with a hook is where packets come in.
type chain struct {
	name  chainName
	hook  string // "type filter hook input priority filter - 10; policy accept;", or ""
	rules []rule
}

// rule is one rule; its text is without the comment.
type rule struct {
	text    string
	comment Comment
}

// set is a set, or with verdicts a map. Its elements are sorted and disjoint.
type set struct {
	name     setName
	kind     kind
	interval bool // elements may be ranges
	verdicts bool
	counted  bool // each element has a counter
	elements []element
}

// element is an inclusive range of keys, of just one where the set is none of intervals.
type element struct {
	first, last key
	verdict     string // "goto refuse"; "" in a set
	comment     Comment
}

func (t *table) addChain(name chainName, rules ...rule) *chain {
	c := &chain{name: name, rules: rules}
	t.chains = append(t.chains, c)
	return c
}

func (c *chain) add(format string, arguments ...any) {
	c.rules = append(c.rules, rule{text: fmt.Sprintf(format, arguments...)})
}

func (c *chain) addNoted(n string, format string, arguments ...any) {
	c.rules = append(c.rules, rule{fmt.Sprintf(format, arguments...), note(n)})
}

// String is the rule as nft takes it.
func (r rule) String() string {
	if r.comment == "" {
		return r.text
	}
	return r.text + ` comment "` + string(r.comment) + `"`
}

// definition is what stands between the braces of a set, but for its elements.
func (s *set) definition() string {
	text := "type " + string(s.kind)
	if s.verdicts {
		text += " : verdict"
	}
	if s.interval {
		text += "; flags interval"
	}
	if s.counted {
		text += "; counter"
	}
	return text + ";"
}

// keyword is what nft calls the set.
func (s *set) keyword() string {
	if s.verdicts {
		return "map"
	}
	return "set"
}

// text is the element as nft takes it.
func (s *set) text(e element) string {
	text := s.keys(e)
	if s.counted {
		text += " counter"
	}
	if e.comment != "" {
		text += ` comment "` + string(e.comment) + `"`
	}
	if s.verdicts {
		text += " : " + e.verdict
	}
	return text
}

func (s *set) keys(e element) string { return s.kind.text(e.first, e.last) }

// open is the table as a block that nft takes, one rule or element a line, without its closing brace.
func (t *table) open() string {
	var b strings.Builder
	fmt.Fprintf(&b, "table %s {\n", tableName)
	for _, s := range t.sets {
		s.print(&b)
	}
	for _, c := range t.chains {
		b.WriteString(c.String())
	}
	return b.String()
}

func (s *set) print(b *strings.Builder) {
	fmt.Fprintf(b, "\t%s %s {\n", s.keyword(), s.name)
	for _, part := range strings.Split(strings.TrimSuffix(s.definition(), ";"), "; ") {
		fmt.Fprintf(b, "\t\t%s\n", part)
	}
	if len(s.elements) > 0 {
		b.WriteString("\t\telements = {\n")
		s.list(b, s.elements, "\t\t\t", s.text)
		b.WriteString("\t\t}\n")
	}
	b.WriteString("\t}\n")
}

// list prints elements one a line, because nft tells the line of what it cannot take.
func (s *set) list(b *strings.Builder, elements []element, indent string, text func(element) string) {
	for i, e := range elements {
		b.WriteString(indent)
		b.WriteString(text(e))
		if i < len(elements)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
}

// String is the chain as a block in a table.
func (c *chain) String() string {
	lines := []string{"\tchain " + string(c.name) + " {"}
	if c.hook != "" {
		lines = append(lines, "\t\t"+c.hook)
	}
	for _, r := range c.rules {
		lines = append(lines, "\t\t"+r.String())
	}
	return strings.Join(append(lines, "\t}\n"), "\n")
}

// summary says for people how large the table is.
func (t *table) summary() string {
	rules, elements := 0, 0
	for _, c := range t.chains {
		rules += len(c.rules)
	}
	for _, s := range t.sets {
		elements += len(s.elements)
	}
	return fmt.Sprintf("%d chains, %d rules, %d sets, %d elements", len(t.chains), rules, len(t.sets), elements)
}
