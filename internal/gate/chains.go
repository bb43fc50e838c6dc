package gate

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/dockwall/dockwall/internal/host"
)

// crowded is how many lines that differ only in their client stay lines of their own.
const crowded = 8

// chains makes the chains of one dispatch. Equal ones are made once.
type chains struct {
	way     Way
	crowds  *crowds
	lines   []*Line // of the whole dispatch, in their order
	byLines map[string]*Chain
	byID    map[string]*Chain
	merged  map[string]Line
}

func newChains(way Way, c *crowds, lines []*Line) *chains {
	return &chains{
		way: way, crowds: c, lines: lines,
		byLines: map[string]*Chain{}, byID: map[string]*Chain{}, merged: map[string]Line{},
	}
}

// portName is what a chain is called that is first needed at that port.
func portName(p host.Protocol, port int) string { return p.String() + "_" + strconv.Itoa(port) }

// chain is the chain of the lines at those places. The name says where it is needed; no two chains are first needed at
// the same.
func (c *chains) chain(name string, places []int, scope []netip.Addr) *Chain {
	key := placesKey(places)
	for _, a := range scope {
		key += a.String() + " "
	}
	if known := c.byLines[key]; known != nil {
		return known
	}
	chain := &Chain{Scope: scope, Lines: c.content(name, places)}
	chain.ID = c.id(chain)
	if equal := c.byID[chain.ID]; equal != nil {
		chain = equal
	}
	c.byLines[key], c.byID[chain.ID] = chain, chain
	return chain
}

func placesKey(places []int) string {
	key := make([]byte, 0, 4*len(places)+1)
	for _, i := range places {
		key = binary.AppendUvarint(key, uint64(i)+1)
	}
	return string(append(key, 0))
}

// content is the lines at those places, crowds of them merged. A merged line stands where its first member stood.
func (c *chains) content(name string, places []int) []Line {
	var crowds [2][]int // by action
	for _, i := range places {
		if l := c.lines[i]; len(places) > crowded && l.mergeable() {
			crowds[l.Action] = append(crowds[l.Action], i)
		}
	}
	var lines []Line
	for _, i := range places {
		l := c.lines[i]
		crowd := crowds[l.Action]
		switch {
		case len(crowd) <= crowded || !l.mergeable():
			lines = append(lines, *l)
		case i == crowd[0]:
			lines = append(lines, c.merge(l.Action.String()+"_"+name, crowd))
		}
	}
	return lines
}

// mergeable tells whether a line is nothing but an action for some clients.
func (l *Line) mergeable() bool {
	return !l.Client.Any() && l.Dialled.Any() && l.Answering.Any() && l.AnsweringPort == 0 && l.Interface == "" && !l.Log
}

// merge makes one line of the crowd at those places, once for all chains that have it.
func (c *chains) merge(name string, places []int) Line {
	key := placesKey(places)
	line, known := c.merged[key]
	if !known {
		lines := make([]*Line, len(places))
		for i, place := range places {
			lines[i] = c.lines[place]
		}
		line = c.crowds.merge(c.way, name, lines)
		c.merged[key] = line
	}
	return line
}

// id is the ID of a chain: over everything in it, with sets by their IDs and rules by their hashes.
func (c *chains) id(chain *Chain) string {
	words := []string{string(c.way), c.crowds.family, strconv.Itoa(len(chain.Scope))}
	for _, a := range chain.Scope {
		words = append(words, a.String())
	}
	for i := range chain.Lines {
		l := &chain.Lines[i]
		words = append(words, l.Action.String(), l.Client.ID, l.Dialled.ID, l.Answering.ID,
			strconv.Itoa(int(l.AnsweringPort)), l.Interface, strconv.FormatBool(l.Log), l.Rule.Hash)
	}
	return digest(12, words...)
}
