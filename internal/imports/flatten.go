package imports

import (
	"fmt"
	"slices"
	"strings"
)

// entry is one rule that decides, as met on the way from DOCKER-USER: the first entry that matches a packet is its
// verdict.
type entry struct {
	line  int
	via   []int // lines of the jumps that lead to it
	spec  *spec
	allow bool
	skip  []*spec // packets that left the rule's chain before it, by a RETURN

	section [2]part
}

// part is what became of an entry in one section of the policy.
type part struct {
	boxes  []box
	cuts   []box // what it takes from entries behind it: of an allow also the containers' own ports
	err    error // why it cannot be said
	dead   int   // the line that decides all its conversations first
	stated bool  // it has sentences
	unsaid bool  // it needs none on this host
}

// Targets that a rule can have besides chains.
var (
	verdicts  = []string{"ACCEPT", "RETURN", "DROP", "REJECT"}
	observers = []string{"LOG", "NFLOG", "ULOG", "AUDIT", "TRACE"}
	changers  = []string{"MARK", "CONNMARK", "CONNSECMARK", "SECMARK", "CLASSIFY", "DSCP", "TOS", "TTL", "HL", "TCPMSS",
		"SET", "CT", "NOTRACK", "TCPOPTSTRIP", "CHECKSUM", "ECN", "RATEEST", "IDLETIMER", "HMARK", "TEE"}
)

// ownPrefix begins the names of dockwall's own chains.
const ownPrefix = "DOCKWALL"

// visit is a chain on the way.
type visit struct {
	family family
	outer  *spec // what the jumps look for
	stack  []string
	via    []int
	skip   []*spec
}

// walk collects the entries of a chain and of those it jumps to.
func (c *conversion) walk(v visit) error {
	name := v.stack[len(v.stack)-1]
	for _, r := range c.reading.tables[v.family].chains[name].rules {
		if c.met++; c.met > mostRules {
			return fmt.Errorf("more than %d rules are met on the way through the chains: give only the %s chain",
				mostRules, chainName)
		}
		c.seen[r] = true
		s := v.outer.and(c.specOf(r, v.family))
		if err := c.meet(&v, r, s); err != nil {
			return err
		}
	}
	return nil
}

// meet takes one rule.
func (c *conversion) meet(v *visit, r *rule, s *spec) error {
	top := len(v.stack) == 1
	switch target := s.target; {
	case slices.Contains(verdicts, target) && (target != "RETURN" || top):
		c.enter(v, r, s, target == "ACCEPT" || target == "RETURN")
		c.refusal(s, target)
	case target == "RETURN":
		v.skip = append(slices.Clone(v.skip), s)
		c.explain(r.line, "back to the chain that jumped here")
	case slices.Contains(observers, target):
		c.explain(r.line, "it only logs: `log` at the end of a sentence does that")
	case target == "":
		c.explain(r.line, "it has no target and decides nothing")
	case slices.Contains(changers, target):
		c.reading.notCarried(r.line, target+" changes packets and decides nothing; the policy changes no packets")
	case strings.HasPrefix(target, ownPrefix):
		c.explain(r.line, "dockwall's own rules, made of its policy")
	case c.reading.tables[v.family].has(target):
		return c.jump(v, r, s)
	case strings.HasSuffix(target, "QUEUE"):
		c.reading.notCarried(r.line, "what the program behind "+target+" decides is not known")
	default:
		c.reading.notCarried(r.line, fmt.Sprintf("the chain %s is not in the text, and what it decides is not known",
			printable(target)))
	}
	return nil
}

func (c *conversion) enter(v *visit, r *rule, s *spec, allow bool) {
	c.entries = append(c.entries, &entry{line: r.line, via: v.via, spec: s, allow: allow, skip: v.skip})
}

// jump follows a rule to its chain. Behind -g, what comes back from there leaves this chain too.
func (c *conversion) jump(v *visit, r *rule, s *spec) error {
	if slices.Contains(v.stack, s.target) {
		c.reading.notCarried(r.line, "the chains jump in a circle, which iptables refuses")
		return nil
	}
	c.explain(r.line, "a jump: the rules of "+printable(s.target)+" are taken as if they stood here")
	next := visit{v.family, s, append(slices.Clone(v.stack), s.target), append(slices.Clone(v.via), r.line), v.skip}
	if err := c.walk(next); err != nil || !s.jumps {
		return err
	}
	if len(v.stack) == 1 {
		c.enter(v, r, s, true)
	} else {
		v.skip = append(slices.Clone(v.skip), s)
	}
	return nil
}

// refusal remembers how the chain refuses; the last rule that does so without naming ports counts most.
func (c *conversion) refusal(s *spec, target string) {
	how := map[string]string{"DROP": "drop", "REJECT": "reject"}[target]
	if how != "" && (c.refuse == "" || s.ports.wide()) {
		c.refuse = how
	}
}
