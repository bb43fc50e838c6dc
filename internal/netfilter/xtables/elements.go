package xtables

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// add takes "add NAME 10.0.0.1,tcp:80 timeout 9 nomatch comment "x"". An element that cannot be read makes the whole set
// unclear.
func (r *setReader) add(name, key string, options []word) error {
	set := r.sets[name]
	if set == nil {
		return fmt.Errorf("adds to a set that the text does not make")
	}
	if r.elements++; r.elements > maxElements {
		set.Unclear = "it has more elements than dockwall reads"
		return nil
	}
	c := r.creations[name]
	if set.Unclear != "" {
		return nil
	}
	if set.Type == "list:set" {
		set.Members = append(set.Members, key)
		return nil
	}
	e, err := c.element(key, options)
	if err != nil {
		set.Unclear = fmt.Sprintf("dockwall cannot read its element %s: %v", shortened(key), err)
		return nil
	}
	set.Elements = append(set.Elements, e)
	set.Dynamic = set.Dynamic || expires(options)
	return nil
}

// expires tells whether an element leaves the set by itself.
func expires(options []word) bool {
	for i := 0; i+1 < len(options) && options[i].text != "comment"; i++ {
		if options[i].text == "timeout" {
			return options[i+1].text != permanent
		}
	}
	return false
}

func (c *creation) element(key string, options []word) (netfilter.Element, error) {
	e := netfilter.Element{}
	wildcard := false
	for i, o := range options {
		switch o.text {
		case "nomatch":
			e.Except = true
		case "wildcard":
			wildcard = true
		case "comment":
			if i+1 < len(options) {
				e.Comment = options[i+1].text
			}
			return e, c.key(&e, key, wildcard) // the last option; its text is no option
		}
	}
	return e, c.key(&e, key, wildcard)
}

// key reads the parts of an element: "10.0.0.1,tcp:80,192.0.2.0/24".
func (c *creation) key(e *netfilter.Element, text string, wildcard bool) error {
	texts := strings.Split(text, ",")
	if len(texts) < len(c.parts) && c.parts[len(texts)] == "mac" {
		texts = append(texts, "") // bitmap:ip,mac: whatever MAC comes first
	}
	if len(texts) != len(c.parts) {
		return fmt.Errorf("it has %d parts, its type has %d", len(texts), len(c.parts))
	}
	for i, part := range c.parts {
		if part == "iface" {
			if err := addInterface(e, texts[i], wildcard); err != nil {
				return err
			}
			continue
		}
		ranges, err := c.part(part, texts[i])
		if err != nil {
			return err
		}
		for _, r := range ranges {
			if len(r) == 0 {
				return fmt.Errorf("%q holds nothing", shortened(texts[i]))
			}
		}
		e.Key = append(e.Key, ranges...)
	}
	return nil
}

// addInterface adds the name of an interface. Those of bridge ports (physdev) are in other packets than names are.
func addInterface(e *netfilter.Element, name string, wildcard bool) error {
	if strings.HasPrefix(name, "physdev:") {
		return fmt.Errorf("it is a bridge's port")
	}
	if name == "" {
		return fmt.Errorf("it names no interface")
	}
	e.Interfaces = append(make([]netfilter.InterfaceName, len(e.Key)), netfilter.InterfaceName{Name: name, Prefix: wildcard})
	e.Key = append(e.Key, nil)
	return nil
}

// part reads one part of an element into the places of the key that it has.
func (c *creation) part(part, text string) ([]netfilter.Ranges, error) {
	switch part {
	case "ip", "net":
		ranges, err := c.addresses(text)
		return []netfilter.Ranges{ranges}, err
	case "mark":
		n, err := number(text, 32)
		return []netfilter.Ranges{oneValue(n)}, err
	case "mac":
		if text == "" {
			return []netfilter.Ranges{netfilter.Between(netfilter.Number{}, netfilter.AllOnes)}, nil
		}
		n, err := macNumber(text)
		return []netfilter.Ranges{netfilter.One(n)}, err
	}
	return c.port(text)
}

// addresses reads an address, a prefix or a range.
func (c *creation) addresses(text string) (netfilter.Ranges, error) {
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		if err != nil || p.Addr().Is4() != (c.family == netfilter.IPv4) {
			return nil, fmt.Errorf("%q is no prefix of the family %s", shortened(text), c.family)
		}
		return netfilter.OfPrefix(p), nil
	}
	first, last, err := addressRange(c.family, text)
	if err != nil {
		return nil, err
	}
	if c.bits > 0 {
		p, err := first.Prefix(c.bits)
		if err != nil {
			return nil, err
		}
		return netfilter.OfPrefix(p), nil
	}
	return netfilter.Between(netfilter.OfAddress(first), netfilter.OfAddress(last)), nil
}

// port reads "tcp:80", "udp:100-200", "icmp:8/0", "icmp:echo-request", "gre:0"; in a bitmap:port "80".
func (c *creation) port(text string) ([]netfilter.Ranges, error) {
	protocol, port, named := strings.Cut(text, ":")
	if !named {
		both := netfilter.NewRanges(netfilter.Range{First: netfilter.Small(tcp), Last: netfilter.Small(tcp)},
			netfilter.Range{First: netfilter.Small(udp), Last: netfilter.Small(udp)})
		values, err := numberRange(protocol, "-", greatestPort)
		return []netfilter.Ranges{both, values}, err
	}
	n, err := protocolNumber(protocol)
	if err != nil {
		return nil, err
	}
	var values netfilter.Ranges
	switch n {
	case icmp:
		values, err = messageValue(port, icmpNames)
	case icmpv6:
		values, err = messageValue(port, icmpv6Names)
	default:
		values, err = numberRange(port, "-", greatestPort)
	}
	return []netfilter.Ranges{oneValue(uint64(n)), values}, err
}

// messageValue is type<<8 | code of "8/0" or of a name; ipset's names without a code mean code 0.
func messageValue(text string, names map[string]string) (netfilter.Ranges, error) {
	if known, ok := names[text]; ok {
		text = known
	}
	typeText, codeText, hasCode := strings.Cut(text, "/")
	kind, err := number(typeText, 8)
	if err != nil || !hasCode {
		return oneValue(kind << 8), err
	}
	code, err := number(codeText, 8)
	return oneValue(kind<<8 | code), err
}
