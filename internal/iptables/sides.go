package iptables

import (
	"fmt"
	"slices"

	"github.com/dockwall/dockwall/internal/gate"
)

// directed are matches of sets in each direction of a conversation: a set knows only the packet's own addresses.
type directed struct{ there, back []string }

func (d *directed) add(set, there, back string) {
	if m := matchSet(set, there); !slices.Contains(d.there, m) {
		d.there, d.back = append(d.there, m), append(d.back, matchSet(set, back))
	}
}

// sides are what a line asks of the addresses and ports of a conversation: any of the options of -m conntrack, and all
// of the sets.
//
// After Docker's DNAT no packet carries the dialled address. A large set of dialled addresses is therefore compared
// only where nothing was rewritten, which is so for containers' own addresses and for what containers dial.
func (c *compiler) sides(l *gate.Line) (options []string, sets directed) {
	options = []string{""}
	if set := c.addresses(l.Client, l); set.name != "" {
		sets.add(set.name, "src", "dst")
	} else {
		options = each(options, "--ctorigsrc ", set.prefixes)
	}
	if set := c.addresses(l.Dialled, nil); set.name != "" {
		sets.add(set.name, "dst", "src")
		options = each(options, "! --ctstate ", []string{"DNAT"})
	} else {
		options = each(options, "--ctorigdst ", set.prefixes)
	}
	if set := c.addresses(l.Answering, nil); set.name != "" {
		sets.add(set.name, "dst", "src")
	} else {
		options = each(options, "--ctreplsrc ", set.prefixes)
	}
	if l.AnsweringPort != 0 {
		options = each(options, "--ctreplsrcport ", []string{fmt.Sprint(l.AnsweringPort)})
	}
	return options, sets
}

// each gives every one of options a further one with each of the values; no values: nothing is asked.
func each(options []string, word string, values []string) []string {
	if len(values) == 0 {
		return options
	}
	var all []string
	for _, o := range options {
		for _, v := range values {
			all = append(all, match(o, word+v))
		}
	}
	return all
}

// addresses is an address set in the form in which rules match it.
type addresses struct {
	prefixes []string // few, or none: any address
	name     string   // of the ipset, where they are many
}

// addresses finds the form of a set. merged is the line whose Client it is, if any: what its members are counted in is
// a set, however small.
func (c *compiler) addresses(s gate.AddressSet, merged *gate.Line) addresses {
	if s.Any() {
		return addresses{}
	}
	if a, known := c.forms[s.ID]; known {
		return a
	}
	var a addresses
	if merged != nil && len(merged.Members) > 0 {
		a.name = c.useSet(c.memberSet(merged))
	} else if a.prefixes = prefixKeys(s.Ranges); len(a.prefixes) > fewPrefixes {
		a = addresses{name: c.useSet(c.addressSet(a.prefixes))}
	}
	c.forms[s.ID] = a
	return a
}
