package imports

import (
	"fmt"
	"strings"
)

// family is an address family.
type family uint8

// The families, as indices of what there is for each.
const (
	ipv4 family = iota
	ipv6
)

// String is the family as people write it.
func (f family) String() string {
	if f == ipv6 {
		return "IPv6"
	}
	return "IPv4"
}

// longestLine is the longest line that is looked at, in bytes.
const longestLine = 16 << 10

// mostBroken is how many lines may make no sense before the text as a whole makes none.
const mostBroken = 100

// reading is the text and what was found in it: the filter table of both families as the commands leave it, and sets.
type reading struct {
	lines  []string
	tables [2]*table
	sets   map[string]*ipset
	rules  int // made so far, to end

	block     block
	looksLike string // another tool's output
	variants  map[string]int

	uncarried, typos, remarks []Note
}

func newReading(text string) *reading {
	r := &reading{lines: strings.Split(text, "\n"), sets: map[string]*ipset{}, variants: map[string]int{}}
	r.tables = [2]*table{newTable(), newTable()}
	for i, line := range r.lines {
		if len(line) > longestLine {
			r.notCarried(i+1, fmt.Sprintf("the line is longer than %d characters and was not read", longestLine))
			r.lines[i] = ""
		}
		r.recognise(line)
	}
	return r
}

// recognise notices the outputs that are easily taken for iptables-save's.
func (r *reading) recognise(line string) {
	switch {
	case strings.HasPrefix(line, "Chain "+chainName+" "):
		r.looksLike = "`iptables -L`"
	case strings.HasPrefix(strings.TrimSpace(line), "chain "+chainName+" {"):
		r.looksLike = "`nft list ruleset`"
	}
}

// read plays the whole text.
func (r *reading) read() error {
	broken := 0
	tokens := lex(strings.Join(r.lines, "\n"), func(line int, why string) (goOn bool) {
		r.notCarried(line, why)
		broken++
		return broken < mostBroken
	})
	if broken == mostBroken {
		return fmt.Errorf("this is neither iptables-save's output nor a shell script: %d lines and more have quotes or "+
			"brackets that are never closed", broken)
	}
	s := &script{reading: r, values: values{}, functions: map[string][]node{}}
	_, err := s.run(parse(tokens))
	return err
}

// found tells whether there is a DOCKER-USER chain of either family.
func (r *reading) found() bool {
	return r.tables[ipv4].chains[chainName].mentioned || r.tables[ipv6].chains[chainName].mentioned
}

func (r *reading) note(line int, why string) Note {
	return Note{Line: line, Text: r.source(line), Why: visible(why)}
}

func (r *reading) notCarried(line int, why string) {
	r.uncarried = append(r.uncarried, r.note(line, why))
}

func (r *reading) typo(line int, why string) { r.typos = append(r.typos, r.note(line, why)) }

func (r *reading) remark(line int, why string) { r.remarks = append(r.remarks, r.note(line, why)) }

// longestShown is how much of a source line comments and notes show, in characters.
const longestShown = 160

// source is a line as comments show it, with those that continue it: printable ASCII, on one line, not too long.
func (r *reading) source(line int) string {
	if line < 1 || line > len(r.lines) {
		return ""
	}
	text := r.lines[line-1]
	for next := line; strings.HasSuffix(text, `\`) && next < len(r.lines) && len(text) < longestShown; next++ {
		text = strings.TrimSuffix(text, `\`) + " " + strings.TrimSpace(r.lines[next])
	}
	return printable(text)
}

// printable is text as comments and messages quote it.
func printable(text string) string {
	text = visible(text[:min(len(text), 2*longestShown)])
	if len(text) > longestShown {
		return text[:longestShown] + "..."
	}
	return text
}

// visible is text on one line, with a question mark in place of every character that is not printable ASCII.
func visible(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, strings.Join(strings.Fields(text), " "))
}

// variantUsed remembers which iptables a script calls by name, and where first.
func (r *reading) variantUsed(line int, variant string) {
	if _, known := r.variants[variant]; !known && variant != "" {
		r.variants[variant] = line
	}
}
