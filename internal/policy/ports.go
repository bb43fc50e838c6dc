package policy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/wording"
)

const portForms = "ports are written 80/tcp, 80,443/tcp, 9100-9102/udp, tcp, icmp or all"

// ports parses the ports of a rule, up to its first clause. `all` is no port sets.
func (s *sentence) ports() []PortSet {
	var sets []PortSet
	start := s.next
	for !s.clauseAt(s.next) {
		w := s.take()
		switch {
		case w.text == "all":
			s.allAlone(w, start)
		case w.text == ",":
			s.fail(w, faultf("write 80,443/tcp, or 80/tcp 443/udp, or tcp udp",
				"a comma stands between ports of one protocol"))
		default:
			if set, ok := s.portSet(w); ok {
				sets = s.merge(sets, set, w)
			}
		}
	}
	if s.next == start {
		s.fail(s.place(), faultf(portForms, "the ports are missing"))
	}
	return sets
}

func (s *sentence) allAlone(w word, start int) {
	if s.next-1 != start || !s.clauseAt(s.next) {
		s.fail(w, faultf("leave out `all`, or the others", "`all` stands alone"))
	}
}

// merge adds a port set to those of the same protocol.
func (s *sentence) merge(sets []PortSet, set PortSet, w word) []PortSet {
	for i := range sets {
		if sets[i].Protocol != set.Protocol {
			continue
		}
		if len(sets[i].Ranges) == 0 || len(set.Ranges) == 0 {
			s.fail(w, faultf("leave one of them out", "`%s` alone is every port of %[1]s already", set.Protocol))
			return sets
		}
		sets[i].Ranges = append(sets[i].Ranges, set.Ranges...)
		return sets
	}
	return append(sets, set)
}

// portSet parses one group whose first word is taken: a protocol alone, or ports between commas and their protocol.
func (s *sentence) portSet(first word) (PortSet, bool) {
	if !isNumber(first.text) {
		if protocol, err := host.ParseProtocol(first.text); err == nil {
			return PortSet{Protocol: protocol}, true
		}
	}
	items := []word{first}
	for !strings.Contains(items[len(items)-1].text, "/") && s.peek() == "," && !s.clauseAt(s.next+1) {
		s.take()
		items = append(items, s.take())
	}
	last := items[len(items)-1]
	number, name, found := strings.Cut(last.text, "/")
	if !found {
		return PortSet{}, s.noProtocol(items)
	}
	items[len(items)-1] = last.part(0, number)
	return s.numbered(items, last.part(len(number)+1, name))
}

func (s *sentence) numbered(items []word, name word) (PortSet, bool) {
	protocol, err := host.ParseProtocol(name.text)
	known := err == nil
	if !known {
		s.fail(name, protocolFault(items[0].text, name.text))
	}
	if known && protocol == host.ICMP {
		s.fail(items[0], faultf("write icmp", "icmp has no ports"))
		return PortSet{}, false
	}
	set := PortSet{Protocol: protocol}
	for _, item := range items {
		r, f := parsePortRange(item.text)
		if known || isNumber(item.text) {
			s.fail(item, f)
		}
		set.Ranges = append(set.Ranges, r)
	}
	return set, known
}

func protocolFault(port, name string) *fault {
	if name == "" {
		return faultf(fmt.Sprintf("write %s/tcp or %[1]s/udp", port), "the protocol is missing")
	}
	if _, err := host.ParseProtocol(port); err == nil {
		return faultf(fmt.Sprintf("write %s/%s", name, port), "the protocol follows the port")
	}
	hint := "the protocols are tcp, udp, sctp and icmp"
	if near := wording.Nearest(name, []string{"tcp", "udp", "sctp"}); near != "" {
		hint = "did you mean " + quote(near) + "?"
	}
	return faultf(hint, "%s is not a protocol", quote(name))
}

// noProtocol reports a group that ends without a protocol, or is none at all, and goes on at the next clause.
func (s *sentence) noProtocol(items []word) bool {
	last := items[len(items)-1]
	for _, item := range items {
		if _, f := parsePortRange(item.text); isNumber(item.text) {
			s.fail(item, f)
		}
	}
	if isNumber(last.text) {
		s.fail(last, faultf(fmt.Sprintf("write %s/tcp or %[1]s/udp", joinWords(items)),
			"the protocol of port %s is missing", last.text))
		return false
	}
	hint := portForms
	if near := wording.Nearest(last.text, []string{"tcp", "udp", "sctp", "icmp", "all"}); near != "" {
		hint = "did you mean " + quote(near) + "?"
	} else if s.corrected(last) {
		return false
	}
	s.fail(last, faultf(hint, "%s is not a port", quote(last.text)))
	s.skip()
	return false
}

func parsePortRange(text string) (PortRange, *fault) {
	first, last, isRange := strings.Cut(text, "-")
	if isRange && (first == "" || last == "") {
		return PortRange{}, faultf("a range is written 9100-9102", "%s is not a range of ports", quote(text))
	}
	a, f := parsePort(first)
	if f != nil || !isRange {
		return PortRange{a, a}, f
	}
	b, f := parsePort(last)
	if f == nil && b < a {
		f = faultf(fmt.Sprintf("write %d-%d", b, a), "the range %d-%d runs backwards", a, b)
	}
	return PortRange{a, b}, f
}

func parsePort(text string) (uint16, *fault) {
	n, err := strconv.ParseUint(text, 10, 64)
	switch {
	case text == "":
		return 0, faultf("a port is a number from 1 to 65535", "a port is missing")
	case strings.Trim(text, "0123456789") != "":
		return 0, faultf("a port is a number from 1 to 65535; a range is written 9100-9102",
			"%s is not a port", quote(text))
	case err != nil || n < 1 || n > 65535:
		return 0, faultf("a port is a number from 1 to 65535", "%s is out of range", quote(text))
	case text[0] == '0':
		return 0, faultf(fmt.Sprintf("write %d", n), "a port does not begin with a zero")
	}
	return uint16(n), nil
}

// isNumber tells whether a word is meant to be a port or a range of them.
func isNumber(text string) bool { return text != "" && isDigit(text[0]) }

func joinWords(words []word) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.text
	}
	return strings.Join(texts, ",")
}

// String is the ports as rules write them: "80,443/tcp", "9100-9102/udp", "icmp".
func (p PortSet) String() string {
	if len(p.Ranges) == 0 {
		return p.Protocol.String()
	}
	texts := make([]string, len(p.Ranges))
	for i, r := range p.Ranges {
		texts[i] = r.String()
	}
	return strings.Join(texts, ",") + "/" + p.Protocol.String()
}

func (r PortRange) String() string {
	if r.First == r.Last {
		return strconv.Itoa(int(r.First))
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}
