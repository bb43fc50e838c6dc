package iptables

import (
	"fmt"
	"slices"
	"strings"
)

// Section is a part of a change's text that one program takes on its standard input.
type Section struct {
	Header string // its first line, a comment to the program: one of the constants
	Text   string // with the header
}

// The headers of the sections, in the order in which the sections are run. Each names the program and its options;
// with the nft or the legacy variant, that is iptables-nft-restore or iptables-legacy-restore and so on.
const (
	SetsHeader    = "# ipset restore"
	IPv4Header    = "# iptables-restore --noflush"
	IPv6Header    = "# ip6tables-restore --noflush"
	OldSetsHeader = "# ipset restore, when no rule uses them any more"
)

// Sections takes the text of a change, or of Render, apart. It is an error if it is not in that form.
func Sections(text string) ([]Section, error) {
	order := []string{SetsHeader, IPv4Header, IPv6Header, OldSetsHeader}
	var sections []Section
	begin, at := 0, 0
	for line := range strings.Lines(text) {
		if i := slices.Index(order, strings.TrimSuffix(line, "\n")); i >= 0 {
			if n := len(sections); n > 0 {
				sections[n-1].Text = text[begin:at]
			}
			sections = append(sections, Section{Header: order[i]})
			begin, order = at, order[i+1:]
		} else if len(sections) == 0 {
			return nil, fmt.Errorf("the change does not begin with the header of a section: %q", line)
		}
		at += len(line)
	}
	if n := len(sections); n > 0 {
		sections[n-1].Text = text[begin:]
	}
	return sections, nil
}

// section is the text of one section, "" where there are no lines.
func section(header string, lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return header + "\n" + strings.Join(lines, "\n") + "\n"
}
