package imports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
)

// option is one option of a rule with what stands before and behind it.
type option struct {
	name   string
	not    bool
	values []string
}

// value is the one value of an option; "" where there is none.
func (o option) value() string {
	if len(o.values) == 0 {
		return ""
	}
	return o.values[0]
}

func (o option) String() string {
	text := o.name
	if o.not {
		text = "! " + o.name
	}
	return strings.Join(append([]string{text}, o.values...), " ")
}

// options takes a rule's words apart. Each option has what stands behind it up to the next one.
func options(words []string) []option {
	var all []option
	not := false
	for _, w := range words {
		switch {
		case w == "!" && len(all) > 0 && len(all[len(all)-1].values) == 0 && takesValue(all[len(all)-1].name):
			all[len(all)-1].not = true // the old order: -s ! 10.0.0.1
		case w == "!":
			not = true
		case len(w) > 1 && w[0] == '-' && !(len(all) > 0 && freeText(all[len(all)-1])):
			name, value, has := strings.Cut(w, "=")
			all = append(all, option{name: name, not: not})
			if has {
				all[len(all)-1].values = []string{value}
			}
			not = false
		case len(all) > 0:
			all[len(all)-1].values = append(all[len(all)-1].values, w)
		default:
			all = append(all, option{name: w})
		}
	}
	return all
}

// takesValue tells whether a value must follow: then a "!" behind the option belongs to it.
func takesValue(name string) bool {
	return slices.Contains([]string{"-s", "-d", "-p", "-i", "-o", "--dport", "--sport", "--source", "--destination",
		"--protocol", "--in-interface", "--out-interface"}, name)
}

// freeText tells whether what follows is anybody's text, even with a dash.
func freeText(o option) bool { return o.name == "--comment" && len(o.values) == 0 }

// readers are what the options of rules mean, by their short names.
var readers = map[string]func(*spec, option) error{
	"-s": func(s *spec, o option) error { return s.address(&s.source, o) },
	"-d": func(s *spec, o option) error { return s.address(&s.dest, o) },
	"-p": (*spec).protocol,
	"-i": func(s *spec, o option) error { s.in = append(s.in, interfaceMatch{o.value(), o.not}); return nil },
	"-o": func(s *spec, o option) error { s.out = append(s.out, interfaceMatch{o.value(), o.not}); return nil },
	"-j": (*spec).jump,
	"-g": func(s *spec, o option) error { s.jumps = true; return s.jump(o) },
	"-m": (*spec).module,

	"--dport":       (*spec).destinationPorts,
	"--sport":       (*spec).sourcePorts,
	"--ports":       (*spec).eitherPorts,
	"--src-range":   func(s *spec, o option) error { return s.address(&s.source, o) },
	"--dst-range":   func(s *spec, o option) error { return s.address(&s.dest, o) },
	"--icmp-type":   (*spec).icmpType,
	"--syn":         (*spec).syn,
	"--tcp-flags":   (*spec).syn,
	"--ctstate":     (*spec).state,
	"--ctdir":       (*spec).direction,
	"--ctproto":     (*spec).protocol,
	"--ctorigsrc":   func(s *spec, o option) error { return s.address(&s.source, o) },
	"--ctorigdst":   func(s *spec, o option) error { return s.address(&s.origDest, o) },
	"--dst-type":    (*spec).destinationType,
	"--reject-with": nothing, "--comment": nothing, "-c": nothing, "-4": nothing, "-6": nothing,

	"--ctorigdstport": (*spec).dialledPorts,
}

// aliases are other names of the options above.
var aliases = map[string]string{
	"--source": "-s", "--src": "-s", "--destination": "-d", "--dst": "-d", "--protocol": "-p", "--proto": "-p",
	"--in-interface": "-i", "--out-interface": "-o", "--jump": "-j", "--goto": "-g", "--match": "-m",
	"--destination-port": "--dport", "--dports": "--dport", "--destination-ports": "--dport",
	"--source-port": "--sport", "--sports": "--sport", "--source-ports": "--sport", "--port": "--ports",
	"--state": "--ctstate", "--icmpv6-type": "--icmp-type", "--set-counters": "-c", "--ipv4": "-4", "--ipv6": "-6",
}

// quietModules are the modules whose options say all.
var quietModules = []string{"tcp", "udp", "sctp", "icmp", "icmp6", "icmpv6", "ipv6-icmp", "multiport", "conntrack",
	"state", "comment", "iprange", "addrtype", "set"}

func nothing(*spec, option) error { return nil }

// specOf reads a rule. What it looks for and cannot be said here is in unknown.
func (c *conversion) specOf(r *rule, f family) *spec {
	s := newSpec(f)
	if r.unknown != "" {
		s.unknown = append(s.unknown, "what "+r.unknown+" gives is not known")
	}
	for _, o := range options(r.words) {
		if name, ok := aliases[o.name]; ok {
			o.name = name
		}
		read, known := readers[o.name]
		switch {
		case known && len(o.values) > 1 && o.name != "--tcp-flags" && o.name != "-c":
			s.unknown = append(s.unknown, fmt.Sprintf("`%s` is more than iptables takes", printable(o.String())))
		case o.name == "--match-set":
			s.matchSet(c.reading.sets, o)
		case known:
			if err := read(s, o); err != nil {
				s.unknown = append(s.unknown, err.Error())
			}
		case !targetOption(s.target):
			s.unknown = append(s.unknown, fmt.Sprintf("the policy has no words for `%s`", printable(o.String())))
		}
	}
	return s
}

// module is -m: those whose options are read as they come are no news.
func (s *spec) module(o option) error {
	if !slices.Contains(quietModules, o.value()) {
		return fmt.Errorf("the policy has no words for `-m %s`", printable(o.value()))
	}
	return nil
}

func (s *spec) jump(o option) error {
	s.target = o.value()
	return nil
}

// address narrows one of the rule's addresses.
func (s *spec) address(a *addresses, o option) error {
	given, err := parseAddresses(o.value(), s.family)
	if err != nil {
		return err
	}
	if o.not {
		given = given.not(s.family)
	}
	*a = a.and(given)
	return nil
}

// protocols are the names and numbers of protocols that a policy can name.
var protocols = map[string]host.Protocol{
	"tcp": host.TCP, "6": host.TCP, "udp": host.UDP, "17": host.UDP, "sctp": host.SCTP, "132": host.SCTP,
	"icmp": host.ICMP, "1": host.ICMP, "icmpv6": host.ICMP, "ipv6-icmp": host.ICMP, "58": host.ICMP,
}

func (s *spec) protocol(o option) error {
	name := strings.ToLower(o.value())
	meant := allPorts()
	if name != "all" && name != "0" {
		p, known := protocols[name]
		if !known {
			return fmt.Errorf("the policy knows tcp, udp, sctp and icmp, not the protocol %s", printable(o.value()))
		}
		meant = wholeProtocol(p)
	}
	if o.not {
		meant = meant.not()
	}
	s.ports = s.ports.and(meant)
	return nil
}
