package iptables

import (
	"fmt"
	"slices"

	"github.com/dockwall/dockwall/internal/gate"
	"github.com/dockwall/dockwall/internal/policy"
)

// fanOut is how many branches a node of a port tree has at most: four levels hold all ports of a protocol.
//
// The nft variant follows at most 15 chains one after the other. The longest way is exactly that: DOCKER-USER,
// DOCKWALL-FORWARD, two chains over the names of bridges, "in", again two over names, "begin", "ingr", four of the port
// tree, the leaf, and what refuses.
const fanOut = 16

// dispatchKinds stand in the names of the chains that dispatch makes.
var dispatchKinds = map[gate.Way]string{gate.Ingress: "ingr", gate.Egress: "egr"}

// dispatch makes the chain that finds the chain that judges a forwarded conversation.
func (c *compiler) dispatch(way gate.Way, d gate.Dispatch) string {
	otherwise := c.otherwise(way, d.Default)
	rest := otherwise
	if d.Other != nil {
		rest = "-g " + c.leaf(way, d.Other, otherwise)
	}
	var rules []rule
	if way == gate.Ingress {
		rules = c.refuseLoopback()
	}
	rules = append(rules, c.trees(way, d, rest)...)
	if d.Echo != nil {
		echo := "-g " + c.leaf(way, d.Echo, otherwise)
		rules = append(rules, rule{match: c.echoRequest, target: echo}, rule{match: c.echoReply, target: echo})
	}
	return c.add(dispatchKinds[way], append(rules, rule{target: rest}))
}

// refuseLoopback refuses what was dialled from outside at a loopback address, whatever the policy says: a port that is
// published there is the host's own.
func (c *compiler) refuseLoopback() []rule {
	if c.loopback == "" {
		return nil
	}
	return []rule{{
		match: conntrack("--ctorigdst " + c.loopback), comment: remark("published on loopback only"), target: c.refuse(),
	}}
}

// otherwise is the target for conversations that no line of their chain decides. What a conntrack helper expected (an
// FTP server's data connection) belongs to a conversation that was allowed.
func (c *compiler) otherwise(way gate.Way, action policy.Action) string {
	why := defaultComment(way, action)
	if action == policy.Allow {
		return "-g " + c.add("rest", []rule{{comment: why, target: "-j RETURN"}})
	}
	expected := rule{match: conntrack("--ctstatus EXPECTED"), target: "-j RETURN"}
	return "-g " + c.add("rest", append([]rule{expected}, c.rejects(why)...))
}

// restPrefix begins the names of the chains that otherwise makes.
const restPrefix = chainPrefix + "rest-"

// defaultComment is the comment of the rule that a default is.
func defaultComment(way gate.Way, action policy.Action) comment {
	return remark(fmt.Sprintf("default %s %s", way, action))
}

// trees are rules that lead to the tree of each protocol. rest is the target for ports of no segment, "" the way back.
func (c *compiler) trees(way gate.Way, d gate.Dispatch, rest string) []rule {
	otherwise := c.otherwise(way, d.Default)
	var rules []rule
	for _, segments := range byProtocol(d.Segments) {
		branches := make([]branch, len(segments))
		for i, s := range segments {
			branches[i] = branch{s.First, s.Last, c.leaf(way, s.Chain, otherwise)}
		}
		top := c.tree(way, branches, rest)
		rules = append(rules, rule{match: "-p " + segments[0].Protocol.String(), target: "-g " + top})
	}
	return rules
}

// branch is a range of ports, perhaps with gaps, and the chain that goes on with them.
type branch struct {
	first, last uint16
	chain       string
}

// tree makes nodes over branches until one node is left, and returns its name. Nodes are filled evenly, so that the
// way to each port is about as long, and no node has more branches than it takes for that number of levels.
func (c *compiler) tree(way gate.Way, branches []branch, rest string) string {
	for width := nodeWidth(len(branches)); ; {
		var upper []branch
		for some := range slices.Chunk(branches, width) {
			upper = append(upper, branch{some[0].first, some[len(some)-1].last, c.node(way, some, rest)})
		}
		if len(upper) == 1 {
			return upper[0].chain
		}
		branches = upper
	}
}

// nodeWidth is the smallest width of nodes for which a tree of n branches needs no more levels than with fanOut.
func nodeWidth(n int) int {
	levels, room := 1, fanOut
	for ; room < n; room *= fanOut {
		levels++
	}
	for width := 1; ; width++ {
		room := 1
		for range levels {
			room *= width
		}
		if room >= n {
			return width
		}
	}
}

// node makes one node of a tree.
func (c *compiler) node(way gate.Way, branches []branch, rest string) string {
	option := "--ctorigdstport"
	if way == gate.Local {
		option = "--ctreplsrcport" // the host's real port, whatever was dialled
	}
	var rules []rule
	for _, b := range branches {
		ports := fmt.Sprint(b.first)
		if b.last != b.first {
			ports = fmt.Sprintf("%d:%d", b.first, b.last)
		}
		rules = append(rules, rule{match: conntrack(option + " " + ports), target: "-g " + b.chain})
	}
	if rest != "" {
		rules = append(rules, rule{target: rest})
	}
	return c.add("ports", rules)
}
