package iptables

import (
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/gate"
)

// chainPrefix begins the name of every chain of ours. iptables takes names of at most 28 bytes.
const chainPrefix = "DOCKWALL-"

// The chains whose names are not made of their content.
const (
	forwardChain = chainPrefix + "FORWARD"
	inputChain   = chainPrefix + "INPUT"
	outputChain  = chainPrefix + "OUTPUT"
	aboutChain   = chainPrefix + "ABOUT" // no packet comes here; its comment says since when the rules stand
)

// chain is one chain of ours.
type chain struct {
	name  string
	rules []rule
}

// ruleset is a gate as this backend installs it.
type ruleset struct {
	sets   []ipset             // sorted by name
	chains map[*family][]chain // those that others go to first; without aboutChain
}

// compile turns a gate into chains and sets. The same gate gives the same ruleset.
func compile(g *gate.Gate) (*ruleset, error) {
	bridges, err := sortedNamesOf(g.Bridges)
	if err != nil {
		return nil, err
	}
	rs := &ruleset{chains: map[*family][]chain{}}
	sets := map[string]ipset{}
	for _, f := range families {
		c := &compiler{family: f, gate: g, sets: sets, known: map[string]bool{},
			leaves: map[leafKey]string{}, forms: map[string]addresses{}}
		if err := c.compile(bridges); err != nil {
			return nil, err
		}
		rs.chains[f] = c.chains
	}
	for _, s := range sets {
		rs.sets = append(rs.sets, s)
	}
	sortSets(rs.sets)
	return rs, nil
}

// identity is a hash over all of the ruleset but positions in files.
func (rs *ruleset) identity() string {
	var words []string
	for _, s := range rs.sets {
		words = append(words, s.name)
	}
	for _, f := range families {
		for _, c := range rs.chains[f] {
			words = append(words, c.name)
			for _, r := range c.rules {
				words = append(words, r.identity())
			}
		}
	}
	return digest(words...)
}

// compiler makes the chains of one family.
type compiler struct {
	*family
	gate   *gate.Gate
	sets   map[string]ipset // of both families, by name
	chains []chain
	known  map[string]bool // names in chains
	leaves map[leafKey]string
	forms  map[string]addresses // by the ID of the address set
	err    error                // the first name that cannot stand in a rule
}

// compile makes everything, from the leaves to the three roots.
func (c *compiler) compile(bridges []interfaceName) error {
	f := c.of(c.gate)
	c.forward(f, bridges)
	c.local(f, bridges)
	return c.err
}

// add makes a chain of rules, unless there is an equal one, and returns its name: kind (at most 6 bytes) and a hash of
// the content. Since rules name the chains they go to, the hash is over everything that can be reached from the chain.
func (c *compiler) add(kind string, rules []rule) string {
	words := make([]string, len(rules))
	for i, r := range rules {
		words[i] = r.identity()
	}
	name := chainPrefix + kind + "-" + digest(words...)
	if !c.known[name] {
		c.known[name] = true
		c.chains = append(c.chains, chain{name, rules})
	}
	return name
}

// root makes a chain that packets come in by.
func (c *compiler) root(name string, rules []rule) {
	c.chains = append(c.chains, chain{name, rules})
}

// useSet makes a set part of the ruleset and returns its name.
func (c *compiler) useSet(s ipset) string {
	c.sets[s.name] = s
	return s.name
}

// match puts the parts of a match together; empty ones are left out.
func match(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " ")
}

// conntrack is a match of the conversation by the options; none: no match.
func conntrack(options ...string) string {
	if all := match(options...); all != "" {
		return "-m conntrack " + all
	}
	return ""
}
