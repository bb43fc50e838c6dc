package xtables

import (
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// The virtual states of xt_conntrack: bits of the conversation's status.
var (
	states = map[string]uint64{
		"INVALID": netfilter.StateInvalid, "ESTABLISHED": netfilter.StateEstablished, "RELATED": netfilter.StateRelated,
		"NEW": netfilter.StateNew, "UNTRACKED": netfilter.StateUntracked, "SNAT": virtualSNAT, "DNAT": virtualDNAT,
	}
	statuses = map[string]uint64{
		"NONE": 0, "EXPECTED": netfilter.StatusExpected, "SEEN_REPLY": netfilter.StatusSeenReply,
		"ASSURED": netfilter.StatusAssured, "CONFIRMED": netfilter.StatusConfirmed,
	}
)

const (
	virtualSNAT = 1 << 16
	virtualDNAT = 1 << 17
	noEntry     = netfilter.StateInvalid | netfilter.StateUntracked // the states of packets without a conntrack entry
)

// stateOf is `-m state`.
func stateOf(_ *sentence, o option) ([]netfilter.Step, error) {
	match, _, err := stateTest(o)
	return []netfilter.Step{match}, err
}

// stateTest also tells whether a packet without an entry can pass.
func stateTest(o option) (match netfilter.Match, without bool, err error) {
	bits, err := bitsOf(o.args[0], states)
	if err != nil {
		return nil, false, err
	}
	real := bits &^ (virtualSNAT | virtualDNAT)
	without = o.negate && real&noEntry != noEntry || !o.negate && real&noEntry != 0
	if real == bits {
		return test(netfilter.ConntrackState, bitValues(real), o.negate), without, nil
	}
	translated := anyBit(netfilter.ConntrackStatus,
		(bits&virtualSNAT)>>16*netfilter.StatusSourceNAT|(bits&virtualDNAT)>>17*netfilter.StatusDestinationNAT, false)
	switch {
	case real != 0:
		inState := test(netfilter.ConntrackState, bitValues(real), false)
		return netfilter.Either{Alternatives: [][]netfilter.Match{{inState}, {translated}}, Negate: o.negate}, without, nil
	case o.negate:
		return not(translated), without, nil
	}
	return translated, without, nil
}

// bitValues are the values with one of the bits: a packet has exactly one state.
func bitValues(bits uint64) netfilter.Ranges {
	var list []netfilter.Range
	for bit := uint64(1); bit <= bits; bit <<= 1 {
		if bits&bit != 0 {
			list = append(list, netfilter.Range{First: netfilter.Small(bit), Last: netfilter.Small(bit)})
		}
	}
	return netfilter.NewRanges(list...)
}

// conntrack is `-m conntrack`. Without an entry only the state is looked at: where --ctstate is given and holds, such a
// packet passes whatever the other options ask; where it is not given, no such packet passes (conntrack_mt).
func conntrack(s *sentence, options []option) ([]netfilter.Step, error) {
	var state, others []netfilter.Match
	without := false
	for _, o := range options {
		if o.name == "--ctstate" {
			match, also, err := stateTest(o)
			if err != nil {
				return nil, err
			}
			state, without = append(state, match), also
			continue
		}
		match, err := entryTest(s, o)
		if err != nil {
			return nil, err
		}
		others = append(others, match)
	}
	if without && len(others) > 0 {
		untold := test(netfilter.ConntrackState, bitValues(noEntry), false)
		others = []netfilter.Match{netfilter.Either{Alternatives: [][]netfilter.Match{{untold}, others}}}
	}
	return asSteps(append(state, others...)), nil
}

func asSteps(matches []netfilter.Match) []netfilter.Step {
	steps := make([]netfilter.Step, len(matches))
	for i, m := range matches {
		steps[i] = m
	}
	return steps
}

var entryAddresses = map[string]netfilter.Field{
	"--ctorigsrc": netfilter.OriginalSource, "--ctorigdst": netfilter.OriginalDestination,
	"--ctreplsrc": netfilter.ReplySource, "--ctrepldst": netfilter.ReplyDestination,
}

var entryPorts = map[string]netfilter.Field{
	"--ctorigsrcport": netfilter.OriginalSourcePort, "--ctorigdstport": netfilter.OriginalDestinationPort,
	"--ctreplsrcport": netfilter.ReplySourcePort, "--ctrepldstport": netfilter.ReplyDestinationPort,
}

// entryTest is what an option asks of the conntrack entry.
func entryTest(s *sentence, o option) (netfilter.Match, error) {
	if field, ok := entryAddresses[o.name]; ok {
		test, err := addressTest(s.family, field, o.args[0])
		test.Negate = o.negate
		return test, err
	}
	if field, ok := entryPorts[o.name]; ok {
		values, err := numberRange(o.args[0], ":", greatestPort)
		return test(field, values, o.negate), err
	}
	switch o.name {
	case "--ctproto":
		n, err := protocolNumber(o.args[0])
		return test(netfilter.ConntrackProtocol, oneValue(uint64(n)), o.negate), err
	case "--ctdir":
		return directionTest(o)
	case "--ctstatus":
		bits, err := bitsOf(o.args[0], statuses)
		return anyBit(netfilter.ConntrackStatus, bits, o.negate), err
	}
	text := o.name + " " + strings.Join(o.args, " ")
	return netfilter.Undecided{Text: text, Reason: "when the conversation expires is not known", Understood: true}, nil
}

func directionTest(o option) (netfilter.Match, error) {
	direction, err := bitsOf(o.args[0], map[string]uint64{"ORIGINAL": 0, "REPLY": 1})
	return test(netfilter.ConntrackDirection, oneValue(direction), o.negate), err
}
