package imports

import (
	"strconv"
	"strings"
)

// order is one iptables command, or a line of iptables-save that reads like one.
type order struct {
	line    int
	words   []string
	unknown string
	saved   bool
}

// parsed is an order taken apart.
type parsed struct {
	action byte // A, I, D, R, N, F, X, C; 0: nothing that matters
	table  string
	chain  string
	number int // of a rule, from 1; 0: none given
	rule   rule
}

// longActions are the actions by their long names.
var longActions = map[string]byte{
	"--append": 'A', "--insert": 'I', "--delete": 'D', "--replace": 'R', "--new-chain": 'N', "--flush": 'F',
	"--delete-chain": 'X', "--check": 'C',
}

// parse takes an order apart: its action, table and chain, and the words that make the rule.
func (o order) parse() parsed {
	p := parsed{table: "filter", rule: rule{line: o.line, unknown: o.unknown, saved: o.saved}}
	for i := 0; i < len(o.words); i++ {
		w := o.words[i]
		next := func() string {
			if i+1 < len(o.words) && !strings.HasPrefix(o.words[i+1], "-") {
				i++
				return o.words[i]
			}
			return ""
		}
		action := longActions[w]
		if len(w) == 2 && w[0] == '-' && strings.IndexByte("AIDRNFXC", w[1]) >= 0 {
			action = w[1]
		}
		switch {
		case action != 0 && p.action == 0:
			p.action, p.chain = action, next()
			if strings.IndexByte("IDR", action) >= 0 && i+1 < len(o.words) && strings.Trim(o.words[i+1], "0123456789") == "" {
				p.number, _ = strconv.Atoi(next())
			}
		case w == "-t" || w == "--table":
			p.table = next()
		case w == "-w" || w == "--wait" || w == "-W" || w == "--wait-interval":
			if i+1 < len(o.words) && strings.Trim(o.words[i+1], "0123456789") == "" {
				i++
			}
		case w == "--comment" || w == "--log-prefix": // the next word is anybody's text
			p.rule.words = append(p.rule.words, o.words[i:min(i+2, len(o.words))]...)
			i++
		case w == "-v" || w == "--verbose" || w == "-n" || w == "--numeric":
		default:
			p.rule.words = append(p.rule.words, w)
		}
	}
	return p
}
