package iptables

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// savedSet is one of our sets as the kernel has it.
type savedSet struct {
	kind     string // "hash:net family inet", as ipset.kind
	counted  bool
	elements map[string]savedElement // by key, as element.key
}

// savedElement is what the kernel knows of an element.
type savedElement struct {
	packets, bytes uint64
	comment        string
}

// parseSets reads what `ipset save` prints.
func parseSets(text string) (map[string]*savedSet, error) {
	sets := map[string]*savedSet{}
	for line := range strings.Lines(text) {
		w := parseRule(strings.TrimSuffix(line, "\n"))
		switch {
		case len(w) == 0:
		case len(w) >= 3 && w[0] == "create":
			sets[w[1]] = newSavedSet(w[2:])
		case len(w) >= 3 && w[0] == "add" && sets[w[1]] != nil:
			sets[w[1]].elements[elementKey(w[2])] = savedElement{
				packets: number(w.after("packets")), bytes: number(w.after("bytes")), comment: w.after("comment")}
		default:
			return nil, fmt.Errorf("ipset save printed a line that is no set: %q", line)
		}
	}
	return sets, nil
}

// newSavedSet reads the words of a create line from the type on. Sizes are the kernel's own affair.
func newSavedSet(w words) *savedSet {
	s := &savedSet{kind: w[0], elements: map[string]savedElement{}}
	for _, option := range []string{"family", "range"} {
		if value := w.after(option); value != "" {
			s.kind += " " + option + " " + value
		}
	}
	for _, option := range w {
		s.counted = s.counted || option == "counters"
	}
	return s
}

// elementKey is an element as this package writes it: ipset prints some IPv6 addresses in another way.
func elementKey(text string) string {
	if a, err := netip.ParseAddr(text); err == nil {
		return a.String()
	}
	if p, err := netip.ParsePrefix(text); err == nil {
		return prefixKey(p)
	}
	return text
}

func number(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0 // a set without counters
	}
	return n
}
