package nft

import (
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// maxStatements bounds a rule: the kernel takes at most 128 expressions (NFT_RULE_MAXEXPRS).
const maxStatements = 256

// readRules reads all rules into their chains.
func (l *listing) readRules() {
	for _, at := range l.rules {
		l.scanner.at = at
		if err := l.readRule(); err != nil {
			l.note("a rule cannot be read: %v", err)
		}
	}
}

func (l *listing) readRule() error {
	l.scanner.forget()
	head, statements := l.head, l.statements[:0]
	head.keys, head.list = head.keys[:0], head.list[:0]
	err := l.scanner.members(func(key string) error {
		if key == "expr" {
			return l.scanner.elements(func() error {
				v, err := l.scanner.value()
				if len(statements) <= maxStatements {
					statements = append(statements, v)
				}
				return err
			})
		}
		member, err := l.scanner.value()
		head.keys, head.list = append(head.keys, key), append(head.list, member)
		return err
	})
	l.head, l.statements = head, statements
	t := l.tableOf(head)
	chain := l.chains[chainName{t, head.get("chain").text}]
	if t == nil || chain == nil {
		l.note("a rule of the chain %s %s %s is not read: there is no such chain",
			head.get("family").text, head.get("table").text, head.get("chain").text)
		return err
	}
	r := newRuleReader(l, chain, head)
	for i, v := range statements {
		r.more = i+1 < len(statements)
		r.statement(v)
	}
	if err != nil || len(statements) > maxStatements {
		r.unclear("...", "the rule cannot be read to its end")
	}
	r.finish()
	return err
}

// ruleReader reads one rule: its steps, and its text beside them.
type ruleReader struct {
	listing *listing
	table   *netfilter.Table
	rule    *netfilter.Rule
	text    strings.Builder
	// What the steps before have made sure of: the packet's family (NFPROTO_*, 0: either) and protocols (nil: any).
	family    uint8
	protocols netfilter.Ranges
	conntrack uint8 // the family of the conntrack entry
	more      bool  // statements follow
}

func newRuleReader(l *listing, c *netfilter.Chain, head value) *ruleReader {
	rule := &netfilter.Rule{Chain: c, Number: len(c.Rules) + 1, Handle: head.get("handle").uint(),
		Comment: l.keep(head.get("comment").text)}
	c.Rules = append(c.Rules, rule)
	return &ruleReader{listing: l, table: c.Table, rule: rule, family: familyNumber(c.Table.Family)}
}

func (r *ruleReader) finish() {
	if r.rule.Comment != "" {
		r.word(`comment "` + r.rule.Comment + `"`)
	}
	r.rule.Text = r.text.String()
}

// word adds to the rule's text.
func (r *ruleReader) word(text string) {
	if r.text.Len() > 0 {
		r.text.WriteByte(' ')
	}
	r.text.WriteString(text)
}

func (r *ruleReader) add(steps ...netfilter.Step) { r.rule.Steps = append(r.rule.Steps, steps...) }

func (r *ruleReader) undecided(text, reason string, understood bool) {
	r.add(netfilter.Undecided{Text: text, Reason: reason, Understood: understood})
}

func (r *ruleReader) unclear(text, reason string) {
	r.add(netfilter.Unclear{Text: text, Reason: reason})
}

// note adds a statement that no verdict hangs on.
func (r *ruleReader) note(text string) {
	r.word(text)
	r.add(netfilter.Note{Text: text})
}

// statement reads one statement of a rule.
func (r *ruleReader) statement(v value) {
	kind, inner := v.only()
	if verdict, ok := r.listing.verdict(v); ok {
		r.word(verdictText(verdict))
		r.add(verdict)
		return
	}
	if read, known := statements[kind]; known {
		read(r, inner)
		return
	}
	text := plainJSON(v)
	r.word(text)
	r.unclear(text, "dockwall does not know the statement "+text)
}

// statements are how they are read, by their names in JSON. It is filled at the start, because some lead back here.
var statements map[string]func(*ruleReader, value)

func init() {
	statements = map[string]func(*ruleReader, value){
		"match": (*ruleReader).match, "vmap": (*ruleReader).verdictMap,
		"reject": (*ruleReader).reject, "queue": (*ruleReader).queue, "notrack": (*ruleReader).notrack,
		"snat": nat("snat"), "dnat": nat("dnat"), "masquerade": nat("masquerade"), "redirect": nat("redirect"),
		"mangle": (*ruleReader).mangle, "counter": (*ruleReader).counter, "log": (*ruleReader).log,
		"limit": (*ruleReader).limit, "quota": (*ruleReader).quota, "ct count": (*ruleReader).count,
		"set": (*ruleReader).setStatement, "map": (*ruleReader).setStatement, "meter": (*ruleReader).meter,
		"flow": (*ruleReader).flow, "dup": (*ruleReader).dup, "fwd": (*ruleReader).forward, "tproxy": (*ruleReader).tproxy,
		"synproxy": (*ruleReader).synproxy, "reset": (*ruleReader).reset, "xt": (*ruleReader).xt,
		"ct helper": conntrackObject("helper"), "ct timeout": conntrackObject("timeout"),
		"ct expectation": conntrackObject("expectation"), "secmark": (*ruleReader).secmark, "last": (*ruleReader).last,
	}
}
