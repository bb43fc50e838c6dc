package xtables

import (
	"fmt"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// translate is a NAT target: "10.0.0.1-10.0.0.9:80-90/1080", "[2001:db8::1]:80", ":80", or ports alone. One that is
// given no target takes what stands for it: MASQUERADE and REDIRECT the interface's address.
func translate(kind netfilter.NATKind) func(*sentence, []option) ([]netfilter.Step, error) {
	return func(s *sentence, options []option) ([]netfilter.Step, error) {
		nat := netfilter.NAT{Kind: kind}
		var flags []string
		for _, o := range options {
			var err error
			switch o.name {
			case "--to-ports":
				err = natPorts(&nat, o.args[0])
			case "--to-destination", "--to-source":
				err = s.natTarget(&nat, o.args[0])
			default:
				flags = append(flags, strings.TrimPrefix(o.name, "--"))
			}
			if err != nil {
				return nil, err
			}
		}
		nat.Text = strings.Join(flags, " ")
		return []netfilter.Step{nat}, nil
	}
}

func (s *sentence) natTarget(nat *netfilter.NAT, text string) error {
	addresses, ports := text, ""
	if s.family == netfilter.IPv4 {
		addresses, ports, _ = strings.Cut(text, ":")
	} else if open, rest, ok := strings.Cut(text, "]"); ok || strings.HasPrefix(text, "[") {
		addresses, ports = strings.TrimPrefix(open, "["), strings.TrimPrefix(rest, ":")
		if second, ok := strings.CutPrefix(ports, "-["); ok { // [a]-[b]:80
			last, rest, _ := strings.Cut(second, "]")
			addresses, ports = addresses+"-"+last, strings.TrimPrefix(rest, ":")
		}
	} else if strings.HasPrefix(text, ":") && !strings.HasPrefix(text, "::") {
		addresses, ports = "", text[1:]
	}
	if addresses != "" {
		var err error
		if nat.First, nat.Last, err = addressRange(s.family, addresses); err != nil {
			return err
		}
	}
	if ports == "" {
		return nil
	}
	return natPorts(nat, ports)
}

// natPorts reads "80", "80-90" and "80-90/1080", whose last number is the port that becomes the first.
func natPorts(nat *netfilter.NAT, text string) error {
	text, baseText, shifted := strings.Cut(text, "/")
	ports, err := numberRange(text, "-", greatestPort)
	if err != nil || len(ports) == 0 {
		return fmt.Errorf("%q are no ports", shortened(text))
	}
	nat.FirstPort, nat.LastPort = uint16(ports[0].First.Low), uint16(ports[0].Last.Low)
	if shifted {
		base, err := number(baseText, 16)
		nat.BasePort = uint16(base)
		return err
	}
	return nil
}

// netmap keeps the part of the address behind the prefix.
func netmap(s *sentence, options []option) ([]netfilter.Step, error) {
	if len(options) != 1 {
		return nil, fmt.Errorf("NETMAP has no --to")
	}
	test, err := addressTest(s.family, netfilter.DestinationAddress, options[0].args[0])
	if err != nil {
		return nil, err
	}
	if len(test.Values) != 1 || test.Mask != netfilter.AllOnes {
		return nil, fmt.Errorf("dockwall does not follow NETMAP with a mask that has holes")
	}
	nat := netfilter.NAT{Kind: netfilter.Netmap, First: test.Values[0].First.Address(s.family), Last: test.Values[0].Last.Address(s.family)}
	return []netfilter.Step{nat}, nil
}
