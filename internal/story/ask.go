package story

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/walk"
	"github.com/dockwall/dockwall/internal/wording"
)

// Request is a question in a person's words.
type Request struct {
	From string // an address, perhaps with a port, a container, or "host"
	To   string // the dialled address or a container; "": where Target says, or the host's address where From arrives
	// Target is "8123/tcp", "icmp", or has the place in it: "1.1.1.1:443/tcp", "web:80".
	Target     string
	In         string // the interface; "": by which the host routes back to From
	SourcePort uint16 // 0: From's, or 40000
	Moment     walk.Moment
	Assume     bool // an established conversation is taken for granted, even if its first packet is refused now
}

// sourcePort is one of those that clients choose by themselves.
const sourcePort = 40000

// Ask is the packet that a request means on this host. Its errors say what to write instead.
func (s Scene) Ask(r Request) (walk.Question, error) {
	t, err := parseTarget(r.To, r.Target)
	if err != nil {
		return walk.Question{}, err
	}
	from, port, err := s.source(r)
	if err != nil {
		return walk.Question{}, fmt.Errorf("the sender: %w", err)
	}
	var to party
	if t.place != "" {
		if to, err = s.party(t.place); err != nil {
			return walk.Question{}, fmt.Errorf("the destination: %w", err)
		}
	}
	q := walk.Question{Moment: r.Moment, Assume: r.Assume}
	if err := s.place(&q.Packet, from, to, r.In); err != nil {
		return q, err
	}
	setTransport(&q.Packet, t, port)
	return q, nil
}

// source reads who sends, with a port where one is given.
func (s Scene) source(r Request) (party, uint16, error) {
	word, port := r.From, r.SourcePort
	if address, err := netip.ParseAddrPort(word); err == nil {
		word = address.Addr().String()
		if port == 0 {
			port = address.Port()
		}
	}
	if word == "" {
		return party{}, 0, errors.New("who sends the packet is missing: an address or a container's name")
	}
	if port == 0 {
		port = sourcePort
	}
	p, err := s.party(word)
	return p, port, err
}

// setTransport is the layer above IP: a conversation's first packet.
func setTransport(p *netfilter.Packet, t target, port uint16) {
	p.Protocol = uint8(t.protocol)
	switch t.protocol {
	case host.ICMP:
		p.ICMPType, p.ICMPID = 8, 1
		if p.Family() == netfilter.IPv6 {
			p.Protocol, p.ICMPType = 58, 128
		}
		return
	case host.TCP:
		p.TCPFlags = 2
	}
	p.SourcePort, p.DestinationPort = port, t.port
}

// Conversation is the first packet of a conversation that arrives on an interface ("": that this host makes). The port is
// the dialled one, 0 for icmp, which is an echo request.
func Conversation(in string, source, destination netip.Addr, p host.Protocol, port uint16) walk.Question {
	q := walk.Question{Packet: netfilter.Packet{In: in, Source: source, Destination: destination}}
	setTransport(&q.Packet, target{protocol: p, port: port}, sourcePort)
	return q
}

// place says from where to where the packet goes, and where it arrives.
func (s Scene) place(p *netfilter.Packet, from, to party, in string) error {
	if err := s.checkInterface(in); err != nil {
		return err
	}
	family, err := familyOf(from, to)
	if err != nil {
		return err
	}
	if family == 0 {
		family = s.commonFamily(from, to)
	}
	if from.container != nil && !from.own {
		if p.Source, p.In, err = s.leaves(from.container, to, family, in); err != nil {
			return err
		}
	} else if p.Source, p.In, err = s.arrives(from, family, in); err != nil {
		return err
	}
	if p.Destination, err = s.dialled(to, family, p); err != nil {
		return err
	}
	if from.own && !p.Source.IsValid() {
		p.Source, err = s.ownSource(p.Destination)
	}
	return err
}

// familyOf is the family that the addresses in a question have; 0 where it has none.
func familyOf(from, to party) (netfilter.Family, error) {
	a, b := from.address, to.address
	switch {
	case a.IsValid() && b.IsValid() && a.Is4() != b.Is4():
		return 0, fmt.Errorf("%s and %s are of two families: a packet is IPv4 or IPv6", a, b)
	case !a.IsValid() && !b.IsValid():
		return 0, nil
	case a.Is4() || b.Is4():
		return netfilter.IPv4, nil
	}
	return netfilter.IPv6, nil
}

// commonFamily is IPv4, unless a container has no IPv4 address.
func (s Scene) commonFamily(from, to party) netfilter.Family {
	for _, p := range []party{from, to} {
		if p.container != nil && !p.own && len(s.residences(p.container, netfilter.IPv4)) == 0 {
			return netfilter.IPv6
		}
	}
	return netfilter.IPv4
}

// checkInterface refuses an interface that is not there, where the host's are known.
func (s Scene) checkInterface(name string) error {
	if name == "" || len(s.Machine.Interfaces) == 0 {
		return nil
	}
	var names []string
	for _, i := range s.Machine.Interfaces {
		if i.Name == name {
			return nil
		}
		names = append(names, i.Name)
	}
	if near := wording.Nearest(name, names); near != "" {
		return fmt.Errorf("there is no interface %q: did you mean %q?", wording.Printable(name), near)
	}
	return fmt.Errorf("there is no interface %q", wording.Printable(name))
}
