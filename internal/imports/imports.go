// Package imports turns an existing DOCKER-USER chain into the policy that means the same.
//
// It reads what people have: the text of iptables-save, `iptables -S`, or a shell script of iptables commands. It plays
// the commands, follows the chains that DOCKER-USER jumps to, and translates the first-match rules into sentences that
// know no order. Conversations are judged by their first packet, as the policy judges them; published ports are what is
// carried over exactly.
//
// Invariants: the policy parses; every rule of the chain is named in a comment of the policy or in a note; where the
// policy would allow what the chain refused, a note or a comment says so; no input makes it panic or run without end.
package imports

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
)

// Limits of the input.
const (
	largestText = 2 << 20 // bytes
	mostRules   = 10_000  // rules of all chains, and rules met on the way through them
)

// Result is the policy and what is to be known about it.
type Result struct {
	Policy     string `json:"policy"`      // the text of a policy file
	NotCarried []Note `json:"not_carried"` // what the policy does not say
	Typos      []Note `json:"typos"`       // what was probably not meant
	Remarks    []Note `json:"remarks"`     // what became of lines that have no sentence of their own, and what differs
}

// Note is something about one line of the input. Line 0: about all of it.
type Note struct {
	Line int    `json:"line"`
	Text string `json:"text"` // the line, printable and cut
	Why  string `json:"why"`
}

// Import translates the DOCKER-USER chain in text. The host gives publications, networks and interfaces; nil, or a host
// whose engine was not asked, where nothing is known of them. The error says why the text gives no policy at all.
func Import(text string, h *host.Host) (*Result, error) {
	if len(text) > largestText {
		return nil, fmt.Errorf("the text has %d bytes, and more than %d are not read: give only the DOCKER-USER chain",
			len(text), largestText)
	}
	r := newReading(text)
	if err := r.read(); err != nil {
		return nil, err
	}
	if !r.found() {
		return nil, r.nothing()
	}
	c := newConversion(r, newWorld(h))
	if err := c.convert(); err != nil {
		return nil, err
	}
	return c.result()
}

// nothing is the error of a text without the chain.
func (r *reading) nothing() error {
	if r.looksLike != "" {
		return fmt.Errorf("this looks like the output of %s, which leaves out what is needed: give that of iptables-save, "+
			"or of `iptables -S DOCKER-USER`", r.looksLike)
	}
	for _, t := range r.tables {
		for _, name := range t.names {
			if misspelt(name) {
				return fmt.Errorf("there is no DOCKER-USER chain in the text, but one named %s, which Docker does not know: "+
					"did you mean %s?", printable(name), chainName)
			}
		}
	}
	return errors.New("there is no DOCKER-USER chain in the text: give the output of iptables-save, " +
		"or the script of iptables commands that fills the chain")
}

// sorted orders notes by line and drops those that say the same of the same line.
func sorted(notes []Note) []Note {
	notes = append([]Note{}, notes...) // never null in JSON
	slices.SortStableFunc(notes, func(a, b Note) int { return cmp.Compare(a.Line, b.Line) })
	seen := map[Note]bool{}
	return slices.DeleteFunc(notes, func(n Note) bool {
		again := seen[n]
		seen[n] = true
		return again
	})
}
