package imports

import (
	"fmt"
	"slices"
	"strings"
)

// suspect looks for what was probably not meant.
func (c *conversion) suspect() {
	for f := range family(2) {
		for _, name := range c.reading.tables[f].names {
			c.unreached(c.reading.tables[f], name)
		}
		c.ahead(c.reading.tables[f])
	}
	for _, e := range c.entries {
		c.interfaces(e)
		if c.world.known {
			c.portsOf(e)
		}
	}
	c.engine()
	c.unflushed()
}

// unreached reports rules of chains that DOCKER-USER does not lead to.
func (c *conversion) unreached(t *table, name string) {
	for _, r := range t.chains[name].rules {
		if c.seen[r] {
			continue
		}
		switch {
		case misspelt(name):
			c.reading.typo(r.line, fmt.Sprintf("Docker knows no chain %s: did you mean %s?", printable(name), chainName))
		case r.saved:
		case name == "INPUT" && c.publishes(r):
			c.reading.typo(r.line, "INPUT never sees what Docker forwards to containers: this refuses or allows nothing of a "+
				"published port")
		case name == "INPUT" || name == "OUTPUT":
			c.reading.notCarried(r.line, name+" is for the host itself, which dockwall leaves as it is")
		case name == "FORWARD" && leads(r):
		default:
			c.reading.notCarried(r.line, fmt.Sprintf("only %s and the chains it jumps to are read, and this is in %s", chainName,
				printable(name)))
		}
	}
}

// misspelt tells whether a name was meant to be DOCKER-USER.
func misspelt(name string) bool {
	letters := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' {
			return -1
		}
		return r
	}, strings.ToUpper(name))
	meant := []string{"DOCKERUSER", "DOCKERUSERS", "USERDOCKER", "DOCKERSUSER"}
	return name != chainName && slices.Contains(meant, letters)
}

// publishes tells whether a rule names a port that a container publishes.
func (c *conversion) publishes(r *rule) bool {
	for _, point := range c.specOf(r, ipv4).ports.singles() {
		if len(c.world.dialled[point]) > 0 {
			return true
		}
	}
	return false
}

// interfaces reports names that the host does not have.
func (c *conversion) interfaces(e *entry) {
	for _, m := range slices.Concat(e.spec.in, e.spec.out) {
		if m.name == "" || m.wildcard() || c.world.exists(m.name) {
			continue
		}
		has := ""
		if outside := c.world.outside(); len(outside) > 0 && len(outside) <= 8 {
			has = "; outside interfaces are " + strings.Join(outside, ", ")
		}
		c.reading.typo(e.line, fmt.Sprintf("the host has no interface %s now%s", printable(m.name), has))
	}
}

// engine reports rules that the host's Docker does not look at.
func (c *conversion) engine() {
	h := c.world.host
	if h == nil {
		return
	}
	for variant, line := range c.reading.variants {
		if h.Iptables != "" && h.Iptables != variant {
			c.reading.typo(line, fmt.Sprintf("Docker uses iptables-%s on this host: rules written with iptables-%s stand in a "+
				"chain that nothing jumps to", h.Iptables, variant))
		}
	}
	if h.Engine != nil && strings.HasPrefix(h.Engine.FirewallBackend, "nftables") {
		c.header = append(c.header, "Docker uses nftables on this host and does not look at DOCKER-USER: the chain does "+
			"nothing now.")
	}
}

// unflushed reports a script that adds to what it does not know.
func (c *conversion) unflushed() {
	chain := c.reading.tables[ipv4].chains[chainName]
	if chain.flushed || len(chain.rules) == 0 || chain.rules[0].saved {
		return
	}
	c.header = append(c.header, "The script does not empty DOCKER-USER first (-F): what stood in it before is not in "+
		"this policy.")
	c.behindReturn(chain)
}

// behindReturn reports what -A puts behind the RETURN that Docker before 28.2 ends the chain with.
func (c *conversion) behindReturn(chain *chain) {
	major, minor := 0, 0
	if h := c.world.host; h != nil && h.Engine != nil {
		_, _ = fmt.Sscanf(h.Engine.Version, "%d.%d", &major, &minor) // not read: any version
	}
	if major > 28 || major == 28 && minor >= 2 {
		return
	}
	for _, r := range chain.rules {
		if r.appended {
			c.reading.typo(r.line, "before Docker 28.2 the chain ends in Docker's own RETURN, and what -A puts behind it is "+
				"never reached: empty the chain first, or use -I")
			return
		}
	}
}

// ahead remarks on rules that a saved FORWARD has before the jump to DOCKER-USER.
func (c *conversion) ahead(t *table) {
	forward := t.chains["FORWARD"]
	if forward == nil || !slices.ContainsFunc(forward.rules, leads) {
		return
	}
	for _, r := range forward.rules {
		switch {
		case leads(r):
			return
		case r.saved:
			c.explain(r.line, "it stands before DOCKER-USER in FORWARD and decides first; dockwall leaves it as it is")
		}
	}
}

// leads tells whether a rule jumps to DOCKER-USER.
func leads(r *rule) bool { return slices.Contains(r.words, chainName) }
