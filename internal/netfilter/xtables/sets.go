package xtables

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// catalog is the sets that rules of a family look in, and those made of them: an element of a set with ports means
// another field of the packet for ICMP and none for protocols without ports.
type catalog struct {
	family netfilter.Family
	named  map[string]*netfilter.Set
	parts  map[string][]part // by the set's name
	holes  map[string]*netfilter.Set
}

// part is the elements of a set that are looked for in the same fields.
type part struct {
	kind portKind
	set  *netfilter.Set
}

// portKind is what the place of a port means.
type portKind uint8

const (
	aPort     portKind = iota // of tcp, udp, sctp, udplite: protocol and port
	aMessage                  // of ICMP: protocol, type and code
	aProtocol                 // of others: the protocol alone
)

func newCatalog(family netfilter.Family, sets map[string]*netfilter.Set) *catalog {
	return &catalog{family: family, named: sets, parts: map[string][]part{}, holes: map[string]*netfilter.Set{}}
}

// matchSet is `-m set --match-set NAME src,dst`. A negated one also lets packets pass that lack a field (match_set).
func matchSet(s *sentence, options []option) ([]netfilter.Step, error) {
	var alternatives [][]netfilter.Match
	negate, holes := false, given(options, "--return-nomatch", false)
	for _, o := range options {
		switch {
		case strings.HasPrefix(o.name, "--packets-") || strings.HasPrefix(o.name, "--bytes-"):
			return nil, undecidedError("what the set's elements have counted is not known")
		case o.name == "--match-set":
			var err error
			if alternatives, err = s.sets.lookup(o.args[0], strings.Split(o.args[1], ","), holes, 0); err != nil {
				return nil, err
			}
			negate = o.negate
		}
	}
	if len(alternatives) == 1 && len(alternatives[0]) == 1 && !negate {
		return asSteps(alternatives[0]), nil
	}
	return []netfilter.Step{netfilter.Either{Alternatives: alternatives, Negate: negate}}, nil
}

// deepest is how far lists are followed; the kernel does not let a list hold lists.
const deepest = 1

// lookup are the lookups in a set of which one has to succeed.
func (c *catalog) lookup(name string, directions []string, holes bool, depth int) ([][]netfilter.Match, error) {
	set := c.named[name]
	switch {
	case set == nil:
		return nil, undecidedError(fmt.Sprintf("the set %s is not known", shortened(name)))
	case set.Type == "list:set" && depth < deepest:
		return c.lookupMembers(set, directions, holes, depth)
	case set.Family != 0 && set.Family != c.family || len(directions) < dimensions(set.Type):
		return nil, nil // such a set is not even looked in (ip_set_test)
	}
	if holes && hasHoles(set.Type) {
		set = c.holesOf(set)
	}
	var alternatives [][]netfilter.Match
	for _, p := range c.partsOf(set) {
		fields, err := fieldsOf(set.Type, p.kind, directions, set.Masks)
		if err != nil {
			return nil, err
		}
		alternatives = append(alternatives, []netfilter.Match{netfilter.Lookup{Fields: fields, Set: p.set}})
	}
	return alternatives, nil
}

func (c *catalog) lookupMembers(list *netfilter.Set, directions []string, holes bool, depth int) ([][]netfilter.Match, error) {
	var all [][]netfilter.Match
	for _, member := range list.Members {
		more, err := c.lookup(member, directions, holes, depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// hasHoles tells whether elements of the type can be nomatch.
func hasHoles(kind string) bool {
	return strings.HasPrefix(kind, "hash:") && strings.Contains(kind, "net")
}

// holesOf is the set that --return-nomatch looks in: the nomatch elements alone (ip_set_test).
func (c *catalog) holesOf(set *netfilter.Set) *netfilter.Set {
	if made := c.holes[set.Name]; made != nil {
		return made
	}
	made := like(set, set.Name+" (nomatch)")
	for _, e := range set.Elements {
		if e.Except {
			e.Except = false
			made.Elements = append(made.Elements, e)
		}
	}
	c.holes[set.Name] = made
	return made
}

// like is a set without elements that is otherwise the same.
func like(set *netfilter.Set, name string) *netfilter.Set {
	return &netfilter.Set{Name: name, Type: set.Type, Family: set.Family, Masks: set.Masks, Dynamic: set.Dynamic, Unclear: set.Unclear}
}

// partsOf sorts a set's elements by what the place of the port means in them. A set without ports is its own part.
func (c *catalog) partsOf(set *netfilter.Set) []part {
	at := portPlace(set.Type)
	if at < 0 || set.Type == "bitmap:port" {
		return []part{{aPort, set}}
	}
	if made, ok := c.parts[set.Name]; ok {
		return made
	}
	byKind := [3]*netfilter.Set{like(set, set.Name), like(set, set.Name), like(set, set.Name)}
	for _, e := range set.Elements {
		kind, e := elementPart(e, at)
		byKind[kind].Elements = append(byKind[kind].Elements, e)
	}
	parts := []part{{aPort, set}}
	if len(byKind[aPort].Elements) < len(set.Elements) {
		parts = parts[:0]
		for kind, some := range byKind {
			if len(some.Elements) > 0 {
				parts = append(parts, part{portKind(kind), some})
			}
		}
	}
	c.parts[set.Name] = parts
	return parts
}

// elementPart gives an element the key that its protocol asks for; at is the place of the protocol.
func elementPart(e netfilter.Element, at int) (portKind, netfilter.Element) {
	port := e.Key[at+1]
	switch e.Key[at][0].First.Low {
	case tcp, udp, udpLite, sctp:
		return aPort, e
	case icmp, icmpv6:
		message := []netfilter.Ranges{oneValue(port[0].First.Low >> 8), oneValue(port[0].First.Low & 255)}
		return aMessage, rekeyed(e, at, message)
	}
	if port[0].First.Low != 0 { // packets without ports are looked for with the port 0
		e.Key = slices.Clone(e.Key)
		e.Key[at] = netfilter.Ranges{}
	}
	return aProtocol, rekeyed(e, at, nil)
}

// rekeyed is the element with others in the place of its port.
func rekeyed(e netfilter.Element, at int, others []netfilter.Ranges) netfilter.Element {
	e.Key = slices.Concat(e.Key[:at+1], others, e.Key[at+2:])
	return e
}

// dimensions is how many directions a lookup in the type needs.
func dimensions(kind string) int {
	_, parts, _ := strings.Cut(kind, ":")
	return strings.Count(parts, ",") + 1
}

// portPlace is the place of the protocol in a key of the type, -1 where there is none.
func portPlace(kind string) int {
	_, parts, _ := strings.Cut(kind, ":")
	return slices.Index(strings.Split(parts, ","), "port")
}

// fieldsOf are the fields of a lookup in a part of a set of the type.
func fieldsOf(kind string, port portKind, directions []string, masks []netfilter.Number) ([]netfilter.FieldUse, error) {
	_, parts, _ := strings.Cut(kind, ":")
	var fields []netfilter.Field
	for i, name := range strings.Split(parts, ",") {
		if directions[i] != "src" && directions[i] != "dst" {
			return nil, fmt.Errorf("%q is neither src nor dst", shortened(directions[i]))
		}
		more, err := dimension(name, directions[i] == "src", port)
		if err != nil {
			return nil, err
		}
		fields = append(fields, more...)
	}
	uses := make([]netfilter.FieldUse, len(fields))
	for i, f := range fields {
		uses[i] = netfilter.FieldUse{Field: f, Mask: netfilter.AllOnes}
		if i < len(masks) {
			uses[i].Mask = masks[i]
		}
	}
	return uses, nil
}

// dimension is what a part of a type's name looks at.
func dimension(name string, source bool, port portKind) ([]netfilter.Field, error) {
	pick := func(src, dst netfilter.Field) netfilter.Field {
		if source {
			return src
		}
		return dst
	}
	switch name {
	case "ip", "net":
		return []netfilter.Field{pick(netfilter.SourceAddress, netfilter.DestinationAddress)}, nil
	case "iface":
		return []netfilter.Field{pick(netfilter.InInterface, netfilter.OutInterface)}, nil
	case "mark":
		return []netfilter.Field{netfilter.Mark}, nil
	case "mac":
		if !source {
			return nil, undecidedError("the packet's next MAC address is not known")
		}
		return []netfilter.Field{netfilter.SourceMAC}, nil
	case "port":
		switch port {
		case aMessage:
			return []netfilter.Field{netfilter.Protocol, netfilter.ICMPType, netfilter.ICMPCode}, nil
		case aProtocol:
			return []netfilter.Field{netfilter.Protocol}, nil
		}
		return []netfilter.Field{netfilter.Protocol, pick(netfilter.SourcePort, netfilter.DestinationPort)}, nil
	}
	return nil, fmt.Errorf("dockwall does not know sets of %q", name)
}

// setTarget is SET. What the rules put into a set themselves changes it.
func setTarget(s *sentence, options []option) ([]netfilter.Step, error) {
	var steps []netfilter.Step
	for _, o := range options {
		switch o.name {
		case "--map-mark":
			return nil, errors.New("the mark that a set has for the packet is not known")
		case "--add-set", "--del-set":
			if set := s.sets.named[o.args[0]]; set != nil {
				set.Dynamic = true
			}
			steps = append(steps, netfilter.AddToSet{Set: o.args[0], Text: o.name + " " + strings.Join(o.args, " ")})
		case "--map-set":
			steps = append(steps, netfilter.Note{Text: o.name + " " + strings.Join(o.args, " ")})
		}
	}
	return steps, nil
}
