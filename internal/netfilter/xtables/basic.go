package xtables

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// basic takes an option that every rule can have.
func (s *sentence) basic(w word, negate bool, start int) bool {
	if w.quoted {
		return false
	}
	switch w.text {
	case "-s", "--source", "--src":
		s.tested(start, negate, s.addressOf(netfilter.SourceAddress))
	case "-d", "--destination", "--dst":
		s.tested(start, negate, s.addressOf(netfilter.DestinationAddress))
	case "-i", "--in-interface":
		s.tested(start, negate, interfaceOf(netfilter.InInterface))
	case "-o", "--out-interface":
		s.tested(start, negate, interfaceOf(netfilter.OutInterface))
	case "-p", "--protocol", "--proto":
		s.tested(start, negate, s.protocolOf)
	case "-f", "--fragment":
		s.at++
		s.base = append(s.base, netfilter.Test{Field: netfilter.Fragment, Mask: netfilter.AllOnes, Values: oneValue(1), Negate: negate})
	case "-4", "--ipv4", "-6", "--ipv6": // iptables-restore leaves out rules of the other family
		s.at++
		if strings.HasSuffix(w.text, "4") != (s.family == netfilter.IPv4) {
			s.base = append(s.base, never)
		}
	case "-m", "--match":
		return s.begin(use{start: start}, negate)
	case "-j", "--jump":
		return s.begin(use{start: start, isTarget: true, jump: netfilter.Jump}, negate)
	case "-g", "--goto":
		return s.begin(use{start: start, isTarget: true, jump: netfilter.Goto}, negate)
	default:
		return false
	}
	return true
}

// begin opens a match or a target, whose name is the word behind the one that opens it.
func (s *sentence) begin(u use, negate bool) bool {
	if negate || s.at+1 >= len(s.words) {
		return false
	}
	u.name, u.end = s.words[s.at+1].text, s.words[s.at+1].end
	switch {
	case !u.isTarget:
		u.extension = matchFor(s.family, u.name)
	case u.jump == netfilter.Jump && s.chains[chainName{s.table, u.name}] == nil:
		u.extension = targets[u.name]
	default:
		u.extension = noOptions // a chain
	}
	s.at += 2
	s.uses = append(s.uses, u)
	return true
}

// tested adds what a basic option asks for. A value that cannot be read leaves the rule undecided.
func (s *sentence) tested(start int, negate bool, read func(value string, negate bool) ([]netfilter.Step, error)) {
	s.at++
	if s.accept("!") {
		negate = !negate
	}
	err := errors.New("its value is missing")
	var steps []netfilter.Step
	if s.at < len(s.words) {
		steps, err = read(s.words[s.at].text, negate)
		s.at++
	}
	if err != nil {
		text := s.text[start:s.words[s.at-1].end]
		steps = []netfilter.Step{netfilter.Undecided{Text: text, Reason: fmt.Sprintf("dockwall cannot read %s: %v", shortened(text), err)}}
	}
	s.base = append(s.base, steps...)
}

// addressOf reads "10.0.0.0/8", "2001:db8::/32", and masks with holes: "10.0.0.0/255.0.255.0".
func (s *sentence) addressOf(field netfilter.Field) func(string, bool) ([]netfilter.Step, error) {
	return func(value string, negate bool) ([]netfilter.Step, error) {
		test, err := addressTest(s.family, field, value)
		test.Negate = negate
		return []netfilter.Step{test}, err
	}
}

// interfaceOf reads "eth0", or "eth+" for all names that begin so; "+" alone is every packet, also one without.
func interfaceOf(field netfilter.Field) func(string, bool) ([]netfilter.Step, error) {
	return func(value string, negate bool) ([]netfilter.Step, error) {
		return []netfilter.Step{netfilter.InterfaceTest{Field: field, Names: []netfilter.InterfaceName{interfaceName(value)}, Negate: negate}}, nil
	}
}

func interfaceName(text string) netfilter.InterfaceName {
	name, prefix := strings.CutSuffix(text, "+")
	return netfilter.InterfaceName{Name: name, Prefix: prefix}
}

// protocolOf reads a protocol's name or number; 0 and "all" are every protocol (ip_packet_match).
func (s *sentence) protocolOf(value string, negate bool) ([]netfilter.Step, error) {
	number, err := protocolNumber(value)
	if err != nil || number == 0 {
		if err == nil && negate {
			return []netfilter.Step{never}, nil
		}
		return nil, err
	}
	s.protocol = protocolTest{number, negate}
	return []netfilter.Step{netfilter.Test{Field: netfilter.Protocol, Mask: netfilter.AllOnes, Values: oneValue(uint64(number)), Negate: negate}}, nil
}
