package xtables

import (
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// comments is `-m comment`, which every packet passes.
func comments(s *sentence, options []option) ([]netfilter.Step, error) {
	for _, o := range options {
		s.comment = o.args[0]
	}
	return nil, nil
}

// given tells whether an option is there, and negated or not as asked.
func given(options []option, name string, negate bool) bool {
	return slices.ContainsFunc(options, func(o option) bool { return o.name == name && o.negate == negate })
}

// owner looks at the socket that made the packet. One without a socket passes where all options are negated (owner_mt).
func owner(_ *sentence, options []option) ([]netfilter.Step, error) {
	if given(options, "--suppl-groups", false) {
		return nil, undecidedError("the supplementary groups of processes are not known")
	}
	var steps []netfilter.Step
	for _, o := range options {
		match := present(netfilter.OwnerUser)
		if o.name != "--socket-exists" {
			values, err := numberRange(o.args[0], "-", 1<<32-1)
			if err != nil {
				return nil, err
			}
			match = test(map[string]netfilter.Field{"--uid-owner": netfilter.OwnerUser, "--gid-owner": netfilter.OwnerGroup}[o.name], values, false)
		}
		if o.negate {
			steps = append(steps, not(match))
		} else {
			steps = append(steps, match)
		}
	}
	return steps, nil
}

// bridgePort is an option of physdev. A packet that bridge-nf does not hand over has neither port, and passes negated
// options only; one that has no outgoing port yet does not even pass a negated --physdev-out (physdev_mt).
func bridgePort(_ *sentence, o option) ([]netfilter.Step, error) {
	port := func(field netfilter.Field, name string, negate bool) netfilter.InterfaceTest {
		return netfilter.InterfaceTest{Field: field, Names: []netfilter.InterfaceName{interfaceName(name)}, Negate: negate}
	}
	switch o.name {
	case "--physdev-in":
		return []netfilter.Step{port(netfilter.PhysicalIn, o.args[0], o.negate)}, nil
	case "--physdev-is-in":
		return []netfilter.Step{port(netfilter.PhysicalIn, "", !o.negate)}, nil
	case "--physdev-is-out", "--physdev-is-bridged":
		return []netfilter.Step{port(netfilter.PhysicalOut, "", !o.negate)}, nil
	}
	if !o.negate {
		return []netfilter.Step{port(netfilter.PhysicalOut, o.args[0], false)}, nil
	}
	return []netfilter.Step{netfilter.Either{Alternatives: [][]netfilter.Match{
		{port(netfilter.PhysicalIn, "", false), port(netfilter.PhysicalOut, "", false)},
		{port(netfilter.PhysicalOut, "", true), port(netfilter.PhysicalOut, o.args[0], true)},
	}}}, nil
}

// ipsecPolicy decides what hangs on the way in: packets are taken to have come without IPsec, see the package's comment.
// On the way out it hangs on the host's IPsec policies, which are not known (policy_mt).
func ipsecPolicy(_ *sentence, options []option) ([]netfilter.Step, error) {
	negated := slices.ContainsFunc(options, func(o option) bool { return o.negate })
	in := slices.ContainsFunc(options, func(o option) bool { return o.name == "--dir" && o.args[0] == "in" })
	if !in || negated {
		return nil, undecidedError("the host's IPsec policies are not known")
	}
	plain := slices.ContainsFunc(options, func(o option) bool { return o.name == "--pol" && o.args[0] == "none" })
	return whether(plain), nil
}

// recent is decided where it only writes a sender down: --set always passes (recent_mt).
func recent(_ *sentence, options []option) ([]netfilter.Step, error) {
	switch {
	case given(options, "--set", false):
		return []netfilter.Step{netfilter.Note{Text: "-m recent --set"}}, nil
	case given(options, "--set", true):
		return []netfilter.Step{never}, nil
	}
	return nil, undecidedError("who was seen before is not known")
}

// reversePath is rpfilter. Its route is looked up without the packet's mark, unless --validmark asks for it.
func reversePath(_ *sentence, options []option) ([]netfilter.Step, error) {
	if given(options, "--loose", false) || given(options, "--accept-local", false) {
		return nil, undecidedError("which sources are routed by other interfaces is not known")
	}
	path := test(netfilter.ReversePath, oneValue(1), given(options, "--invert", false))
	if !given(options, "--validmark", false) {
		return []netfilter.Step{path}, nil
	}
	unmarked := test(netfilter.Mark, oneValue(0), false)
	marked := test(netfilter.Mark, oneValue(0), true)
	unknown := netfilter.Undecided{Text: "--validmark", Reason: "the route that the packet's mark gives is not known", Understood: true}
	return []netfilter.Step{netfilter.Either{Alternatives: [][]netfilter.Match{{unmarked, path}, {marked, unknown}}}}, nil
}

// The types of libxt_addrtype and their numbers in the kernel (RTN_*).
var addressKinds = map[string]uint64{
	"UNSPEC": 0, "UNICAST": 1, "LOCAL": 2, "BROADCAST": 3, "ANYCAST": 4, "MULTICAST": 5, "BLACKHOLE": 6, "UNREACHABLE": 7,
	"PROHIBIT": 8, "THROW": 9, "NAT": 10, "XRESOLVE": 11,
}

func addressTypes(s *sentence, options []option) ([]netfilter.Step, error) {
	in, out := given(options, "--limit-iface-in", false), given(options, "--limit-iface-out", false)
	var steps []netfilter.Step
	for _, o := range options {
		if len(o.args) == 0 {
			continue
		}
		kind, addr := netfilter.SourceType, netfilter.SourceAddress
		if o.name == "--dst-type" {
			kind, addr = netfilter.DestinationType, netfilter.DestinationAddress
		}
		more, err := s.addressType(o, limited(kind, in, out), addr)
		if err != nil {
			return nil, err
		}
		steps = append(steps, more...)
	}
	return steps, nil
}

// limited is the field of the type that is asked of one interface only.
func limited(kind netfilter.Field, in, out bool) netfilter.Field {
	source := kind == netfilter.SourceType
	switch {
	case in && source:
		return netfilter.SourceTypeIn
	case in:
		return netfilter.DestinationTypeIn
	case out && source:
		return netfilter.SourceTypeOut
	case out:
		return netfilter.DestinationTypeOut
	}
	return kind
}

func (s *sentence) addressType(o option, kind, addr netfilter.Field) ([]netfilter.Step, error) {
	var bits uint64
	for _, name := range strings.Split(o.args[0], ",") {
		n, err := bitsOf(strings.ToUpper(name), addressKinds)
		if err != nil {
			return nil, err
		}
		bits |= 1 << n
	}
	if s.family == netfilter.IPv4 {
		return []netfilter.Step{kindTest(kind, bits, o.negate)}, nil
	}
	matches := kinds6(bits, kind, addr)
	if o.negate {
		return []netfilter.Step{not(matches...)}, nil
	}
	return asSteps(matches), nil
}

// kindTest asks for one of the types whose bits are set.
func kindTest(field netfilter.Field, bits uint64, negate bool) netfilter.Test {
	var list []netfilter.Range
	for n := uint64(0); n < 16; n++ {
		if bits>>n&1 != 0 {
			list = append(list, netfilter.Range{First: netfilter.Small(n), Last: netfilter.Small(n)})
		}
	}
	return test(field, netfilter.NewRanges(list...), negate)
}

// kinds6 is the meaning of a list of types in IPv6, which is not "one of them": multicast, unicast and unspecified are
// asked of the address alone and all have to hold, and "unicast" holds for the host's own addresses too; local, anycast
// and unreachable (any route that refuses) are asked of the routes, and one of them has to hold (match_type6).
func kinds6(bits uint64, kind, addr netfilter.Field) []netfilter.Match {
	var all []netfilter.Match
	if bits>>5&1 != 0 {
		all = append(all, test(addr, prefixes("ff00::/8"), false))
	}
	if bits>>1&1 != 0 {
		all = append(all, test(addr, prefixes("ff00::/8", "::/128", "::ffff:0:0/96"), true))
	}
	if bits&1 != 0 {
		all = append(all, test(addr, prefixes("::/128"), false))
	}
	routed := bits & (1<<2 | 1<<4 | 1<<7)
	if routed>>7 != 0 {
		routed |= 1<<6 | 1<<8
	}
	if routed != 0 {
		all = append(all, kindTest(kind, routed, false))
	}
	return all
}
