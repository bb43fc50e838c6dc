package xtables

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// ParseIPSet reads the output of `ipset save`: the sets by name, and sentences about lines that could not be read.
//
// The key of an element follows the set's type, part by part: "ip" and "net" are addresses, "port" is two places, the
// protocol and the port (for ICMP type<<8 | code, for protocols without ports 0), "mark" and "mac" are numbers, and "iface"
// is a name in Interfaces. So "hash:ip,port,net" has keys [address, protocol, port, address]. A bitmap:port holds tcp and
// udp only (ip_set_get_ip_port).
func ParseIPSet(text string) (map[string]*netfilter.Set, []string) {
	r := &setReader{sets: map[string]*netfilter.Set{}, creations: map[string]creation{}}
	r.lines(text, r.readLine)
	if r.elements > maxElements {
		r.unread.add("the sets have %d elements, of which the first %d were read", r.elements, maxElements)
	}
	for _, set := range r.sets {
		settleHoles(set)
	}
	return r.sets, r.unread.sentences()
}

// setReader is where in the output of `ipset save` the reading is.
type setReader struct {
	scanner
	sets      map[string]*netfilter.Set
	creations map[string]creation
	elements  int
	words     []word
}

// creation is what a set's elements are read with.
type creation struct {
	parts  []string         // of the type: "ip", "port", "net"
	family netfilter.Family // of addresses in its elements
	bits   int              // the length of the prefix that every address stands for; 0: the address alone
}

func (r *setReader) readLine(line string) {
	if line[0] == '#' {
		return
	}
	words, err := r.words[:0], fmt.Errorf("it is too long")
	if len(line) <= maxLine {
		words, err = split(line, words)
	}
	r.words = words
	switch {
	case err != nil:
		r.misread(line, "cannot be read: "+err.Error())
	case len(words) >= 3 && words[0].text == "create":
		err = r.create(words[1].text, words[2].text, words[3:])
	case len(words) >= 3 && words[0].text == "add":
		err = r.add(words[1].text, words[2].text, words[3:])
	default:
		r.misread(line, "is not what ipset save prints")
	}
	if err != nil {
		r.misread(line, err.Error())
	}
}

// create takes "create NAME hash:ip,port family inet ...".
func (r *setReader) create(name, kind string, options []word) error {
	if r.elements++; r.elements > maxElements {
		return nil
	}
	if r.sets[name] != nil {
		r.sets[name].Unclear = "the text makes it twice"
		return nil
	}
	set := &netfilter.Set{Name: name, Type: kind}
	r.sets[name] = set
	method, parts, _ := strings.Cut(kind, ":")
	c := creation{parts: strings.Split(parts, ","), family: netfilter.IPv4}
	if !knownParts(method, c.parts) {
		set.Unclear = fmt.Sprintf("dockwall does not know sets of the type %s", shortened(kind))
	}
	if err := c.read(set, options); err != nil {
		set.Unclear = err.Error()
	}
	if slices.Contains(c.parts, "ip") || slices.Contains(c.parts, "net") {
		set.Family = c.family
	}
	r.creations[name] = c
	return nil
}

// knownParts tells whether elements of such a type can be read.
func knownParts(method string, parts []string) bool {
	known := map[string][]string{
		"hash": {"ip", "net", "port", "iface", "mark", "mac"}, "bitmap": {"ip", "port", "mac"}, "list": {"set"},
	}[method]
	return !slices.ContainsFunc(parts, func(p string) bool { return !slices.Contains(known, p) })
}

// permanent is the timeout of what stays until somebody takes it out. A set that may have timeouts and has none, as
// fail2ban's, does not change by itself.
const permanent = "0"

// read takes the options of a create. All that have no meaning for what is in the set are passed over.
func (c *creation) read(set *netfilter.Set, options []word) error {
	for i := 0; i+1 < len(options); i++ {
		value := options[i+1].text
		switch options[i].text {
		case "family":
			if value == "inet6" {
				c.family = netfilter.IPv6
			}
		case "timeout":
			set.Dynamic = value != permanent
		case "netmask":
			n, err := bounded(value, 128)
			if err != nil {
				return err
			}
			c.bits = int(n)
		case "markmask":
			n, err := number(value, 32)
			if err != nil {
				return err
			}
			set.Masks = []netfilter.Number{netfilter.AllOnes, netfilter.Small(n)}
		case "bitmask":
			a, err := address(c.family, value)
			if err != nil {
				return err
			}
			set.Masks = c.addressMasks(netfilter.OfAddress(a))
		}
	}
	return nil
}

// addressMasks is a mask for every address of the key.
func (c *creation) addressMasks(mask netfilter.Number) []netfilter.Number {
	var masks []netfilter.Number
	for _, part := range c.parts {
		switch part {
		case "ip", "net":
			masks = append(masks, mask)
		case "port":
			masks = append(masks, netfilter.AllOnes, netfilter.AllOnes)
		default:
			masks = append(masks, netfilter.AllOnes)
		}
	}
	return masks
}
