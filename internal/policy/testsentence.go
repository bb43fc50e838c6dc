package policy

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
	"go4.org/netipx"
)

const testForms = "write 198.51.100.7 cannot reach 8123/tcp, or shop/web can reach 1.1.1.1 443/tcp"

// parseTest parses one sentence of the tests section.
func parseTest(s source, column int, text string) (Test, Problems) {
	p := newSentence(s, column, text)
	t := Test{Position: s.position(p.place().column)}
	if len(p.words) < 4 {
		p.fail(p.end, faultf(testForms, "the test is not complete"))
		return t, p.problems
	}
	t.From = p.testFrom()
	t.Can = p.can()
	if w := p.take(); w.text != "reach" {
		p.fail(w, faultf(testForms, "`reach` is expected here, not %s", quote(w.text)))
	}
	if looksLikeAddress(p.peek()) {
		t.To = p.testTo()
	}
	p.testPort(&t)
	p.testComplete(t)
	return t, p.problems
}

func (s *sentence) testFrom() Peer {
	w := s.take()
	p := Peer{Position: s.source.position(w.column)}
	if looksLikeAddress(w.text) {
		a, f := parseAddress(w.text)
		if _, isRange := parseRange(w.text); f != nil && isRange == nil {
			f = faultf(testForms, "a test is made from one address, not from %s", quote(w.text))
		}
		s.fail(w, f)
		p.Range = netipx.IPRangeFrom(a, a)
		return p
	}
	c, f := containerPeer(w.text)
	if f == nil && c.Container.Port != 0 {
		f = faultf("leave the port out", "what a container reaches does not depend on a port of its own")
	}
	s.fail(w, f)
	p.Container = c.Container
	return p
}

func (s *sentence) can() bool {
	w := s.take()
	if w.text == "can" && s.peek() == "not" {
		s.fail(s.take(), faultf("write `cannot`", "`can not` is one word here"))
	}
	if w.text != "can" && w.text != "cannot" {
		s.fail(w, faultf(testForms, "`can` or `cannot` is expected here, not %s", quote(w.text)))
	}
	return w.text == "can"
}

func (s *sentence) testTo() *netip.Addr {
	w := s.take()
	a, f := parseAddress(w.text)
	if f != nil {
		s.fail(w, f)
		return nil
	}
	return &a
}

// testPort parses one port with its protocol, or icmp.
func (s *sentence) testPort(t *Test) {
	if s.done() {
		s.fail(s.end, faultf(testForms, "the port is missing"))
		return
	}
	first := s.place()
	sets := s.ports()
	if len(s.problems) > 0 {
		return
	}
	one := len(sets) == 1 && len(sets[0].Ranges) == 1 && sets[0].Ranges[0].First == sets[0].Ranges[0].Last
	echo := len(sets) == 1 && sets[0].Protocol == host.ICMP
	if !s.done() || !one && !echo {
		s.fail(first, faultf(testForms, "a test ends with one port and its protocol"))
		return
	}
	t.Protocol = sets[0].Protocol
	if one {
		t.Port = sets[0].Ranges[0].First
	}
}

func (s *sentence) testComplete(t Test) {
	last := s.words[len(s.words)-1]
	switch {
	case len(s.problems) > 0:
	case t.To == nil && t.From.Container != nil:
		s.fail(last, faultf("write what is to be reached: shop/web can reach 1.1.1.1 443/tcp",
			"the address is missing"))
	case t.To == nil && t.Protocol == host.ICMP:
		s.fail(last, faultf("write the address before it", "icmp has no port that a container could publish"))
	case t.To != nil && t.From.Container == nil && t.To.BitLen() != t.From.Range.From().BitLen():
		s.fail(last, faultf("test IPv4 from an IPv4 address and IPv6 from an IPv6 address",
			"the addresses are of two families"))
	}
}

// String is the test as its sentence.
func (t Test) String() string {
	words := []string{t.From.String(), "cannot", "reach"}
	if t.Can {
		words[1] = "can"
	}
	if t.To != nil {
		words = append(words, t.To.String())
	}
	port := t.Protocol.String()
	if t.Port != 0 {
		port = fmt.Sprintf("%d/%s", t.Port, t.Protocol)
	}
	return strings.Join(append(words, port), " ")
}
