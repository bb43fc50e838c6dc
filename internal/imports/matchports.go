package imports

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dockwall/dockwall/internal/host"
)

// services are the names of ports that rules are commonly written with.
var services = map[string]uint16{
	"ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "domain": 53, "http": 80, "pop3": 110, "ntp": 123, "imap2": 143,
	"imap": 143, "snmp": 161, "ldap": 389, "https": 443, "submission": 587, "ldaps": 636, "imaps": 993, "pop3s": 995,
	"mysql": 3306, "postgresql": 5432, "http-alt": 8080,
}

// parsePorts reads what stands behind --dport or --dports, for every protocol that has ports.
func parsePorts(text string) (ports, error) {
	var all ports
	for item := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(strings.Replace(item, "-", ":", 1), ":")
		if services[item] != 0 { // a name with a dash
			first, last, isRange = item, "", false
		}
		if first == "" && isRange {
			first = "0"
		}
		if last == "" {
			last = first
			if isRange {
				last = "65535"
			}
		}
		a, errA := parsePort(first)
		b, errB := parsePort(last)
		if errA != nil || errB != nil || b < a {
			return nil, fmt.Errorf("%s is no port, and no range of ports", printable(item))
		}
		all = all.or(onEvery(a, b))
	}
	return all, nil
}

func parsePort(text string) (uint16, error) {
	if port := services[text]; port != 0 {
		return port, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err
}

// narrowPorts narrows one of the rule's ports. A negation leaves out the protocols without ports: iptables wants one
// with.
func narrowPorts(p *ports, o option) error {
	given, err := parsePorts(o.value())
	if err != nil {
		return err
	}
	if o.not {
		given = onEvery(0, perProtocol-1).minus(given)
	}
	*p = p.and(given)
	return nil
}

func (s *spec) destinationPorts(o option) error { return narrowPorts(&s.ports, o) }

func (s *spec) dialledPorts(o option) error { return narrowPorts(&s.dialled, o) }

func (s *spec) sourcePorts(o option) error {
	given, err := parsePorts(o.value())
	if err == nil && !o.not && slices.Equal(given, onEvery(0, perProtocol-1)) {
		return nil
	}
	return fmt.Errorf("the policy has no words for the client's own port (`%s`)", printable(o.String()))
}

func (s *spec) eitherPorts(o option) error {
	if o.not {
		return fmt.Errorf("the policy has no words for `%s`", printable(o.String()))
	}
	s.remarks = append(s.remarks, "the client's own port, which --ports matches too, is not looked at")
	return narrowPorts(&s.ports, o)
}

// echoRequests are the names of the one type that the policy's icmp is.
var echoRequests = []string{"echo-request", "ping", "8", "8/0", "128", "128/0", "any"}

func (s *spec) icmpType(o option) error {
	if o.not || !slices.Contains(echoRequests, o.value()) {
		s.never = append(s.never, "the policy's icmp is the echo; errors that belong to a conversation always pass")
		return nil
	}
	s.ports = s.ports.and(wholeProtocol(host.ICMP))
	return nil
}

// syn is --syn and --tcp-flags: the first packet of a TCP conversation has SYN and nothing else.
func (s *spec) syn(o option) error {
	first := true
	if o.name == "--tcp-flags" {
		if len(o.values) != 2 {
			return errors.New("--tcp-flags wants two lists")
		}
		mask, set := strings.ToUpper(o.values[0]), strings.ToUpper(o.values[1])
		looksAtSyn := mask == "ALL" || slices.Contains(strings.Split(mask, ","), "SYN")
		first = set == "SYN" && looksAtSyn || set == "NONE" && !looksAtSyn
	}
	s.ports = s.ports.and(wholeProtocol(host.TCP))
	if first == o.not {
		s.never = append(s.never, "no conversation begins with such a packet")
	}
	return nil
}
