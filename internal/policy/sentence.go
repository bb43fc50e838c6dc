package policy

import (
	"net/netip"
	"slices"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/wording"
)

// clauses are the words that begin the parts of a rule after its ports, in their order.
var clauses = [...]string{"from", "to", "on", "at", "log"}

const clauseOrder = "the order is: from, to, on, at, log"

// ParseSentence parses one rule, as the command line takes it. Its problems are in a file named "sentence", line 1.
// Names of sets are not looked up.
func ParseSentence(section Section, text string) (Rule, Problems) {
	s := source{file: "sentence", line: 1, text: text}
	if problems := s.characters(); len(problems) > 0 {
		return Rule{}, problems
	}
	return parseRule(s, 1, text, section)
}

func parseRule(s source, column int, text string, section Section) (Rule, Problems) {
	p := newSentence(s, column, text)
	p.section = section
	return p.rule(), p.problems
}

// characters are the problems with characters that have no place in a policy.
func (s source) characters() Problems {
	var problems Problems
	column := 0
	for _, r := range s.text {
		column++
		if !wording.Forbidden(r) && r != '\n' {
			continue
		}
		f := faultf("remove it", "the character %U has no place in a policy", r)
		problems = append(problems, s.problem(word{" ", column}, f))
	}
	return problems
}

func (s *sentence) rule() Rule {
	r := Rule{Section: s.section, Position: s.source.position(s.place().column)}
	r.Action = s.action()
	r.Ports = s.ports()
	var seen [len(clauses)]bool
	for rank := 0; !s.done(); {
		w := s.take()
		n := slices.Index(clauses[:], w.text)
		if n < 0 {
			s.unexpected(w)
			continue
		}
		if seen[n] {
			s.fail(w, faultf(clauseOrder, "`%s` stands here twice", w.text))
		} else if n < rank {
			s.fail(w, faultf(clauseOrder, "`%s` comes after `%s`", w.text, clauses[rank]))
		}
		seen[n], rank = true, max(rank, n)
		s.clause(w, &r)
	}
	return r
}

func (s *sentence) clause(w word, r *Rule) {
	switch w.text {
	case "from":
		r.From = s.peers(w, s.section == Ingress)
	case "to":
		if s.label {
			s.fail(w, faultf("leave `to` out", "a label speaks for its own container only"))
		}
		r.To = s.peers(w, s.section == Egress)
		s.portless(r)
	case "on":
		r.Interface = s.interfaceName(w)
	case "at":
		r.At = s.hostAddress(w)
	case "log":
		r.Log = true
	}
}

// portless refuses echo to a container's port.
func (s *sentence) portless(r *Rule) {
	echo := func(p PortSet) bool { return p.Protocol == host.ICMP }
	for _, peer := range slices.Concat(r.To.Items, r.To.Except) {
		if peer.Container == nil || peer.Container.Port == 0 || !slices.ContainsFunc(r.Ports, echo) {
			continue
		}
		w := word{text: peer.String(), column: peer.Position.Column}
		s.fail(w, faultf("name the container without a port in a rule for icmp", "icmp has no ports"))
	}
}

func (s *sentence) action() Action {
	first := s.peek()
	switch {
	case first == "allow":
		s.take()
		return Allow
	case first == "deny":
		w := s.take()
		if s.label {
			s.fail(w, faultf("deny in the policy file", "a label can only allow"))
		}
		return Deny
	case s.label:
		return Allow
	}
	s.missingAction()
	return Deny
}

func (s *sentence) missingAction() {
	const hint = "a rule begins with allow or deny: allow 8123/tcp from office"
	if s.done() {
		s.fail(s.place(), faultf(hint, "there is no sentence here"))
		return
	}
	w := s.words[s.next]
	if isNumber(w.text) || isReserved(w.text) {
		s.fail(w, faultf(hint, "allow or deny is missing"))
		return
	}
	f := faultf(hint, "%s is neither allow nor deny", quote(w.text))
	if near := didYouMean(w.text, []string{"allow", "deny"}); near != "" {
		f.hint = near
	}
	s.fail(s.take(), f)
}

// unexpected reports a word that begins no clause, and goes on at the next that does; or takes a misspelt one as meant.
func (s *sentence) unexpected(w word) {
	if s.corrected(w) {
		return
	}
	const hint = "clauses begin with from, to, on, at or log; several peers are separated by commas"
	s.fail(w, faultf(hint, "%s is not understood here", quote(w.text)))
	s.skip()
}

// corrected reports a misspelt clause word just taken, and puts it back in its right spelling.
func (s *sentence) corrected(w word) bool {
	near := wording.Nearest(w.text, clauses[:])
	if near == "" {
		return false
	}
	s.fail(w, faultf("did you mean "+quote(near)+"?", "%s is not understood here", quote(w.text)))
	s.next--
	s.words[s.next].text = near
	return true
}

func (s *sentence) interfaceName(after word) string {
	w, ok := s.operand(after, "an interface: on eno1")
	if ok && !isInterface(w.text) {
		s.fail(w, faultf("at most 15 letters, digits and . _ -", "%s is not the name of an interface", quote(w.text)))
	}
	return w.text
}

func (s *sentence) hostAddress(after word) netip.Addr {
	if s.section == Egress {
		s.fail(after, faultf("to narrow where containers go, write `to`", "`at` belongs to ingress"))
	}
	w, ok := s.operand(after, "an address of the host: at 203.0.113.10")
	if !ok {
		return netip.Addr{}
	}
	a, f := parseAddress(w.text)
	_, several := parseRange(w.text)
	switch {
	case f == nil && a.IsUnspecified():
		f = faultf("leave `at` out", "%s is every address of the host", quote(w.text))
	case f != nil && several == nil:
		f = faultf("write one address of the host", "`at` does not take %s", quote(w.text))
	}
	s.fail(w, f)
	return a
}
