package pathwitness

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/wire"
)

// Observed is what became of a packet.
type Observed struct {
	Steps []Place
	End   Ending
	Out   string           // of Left: the interface
	Final netfilter.Packet // as it came through, where it did
	// Answer is what the host answered by itself before the packet came through or was gone: "tcp-reset", "icmp 3/10",
	// "icmpv6 1/4"; "": nothing.
	Answer string
}

// Ending is where the observer saw a packet last.
type Ending string

// The endings.
const (
	Gone      Ending = "gone"      // by a rule or without one
	Delivered Ending = "delivered" // behind all chains of input
	Left      Ending = "left"      // behind all chains of postrouting
)

// Place is a rule that matched, or the policy of a base chain that was applied.
type Place struct {
	Legacy bool
	Family netfilter.Family
	Table  string
	Chain  string
	Rule   int // 0: the policy
}

func (p Place) String() string {
	tool := ""
	if p.Legacy {
		tool = "legacy "
	}
	if p.Rule == 0 {
		return fmt.Sprintf("%s%s %s %s policy", tool, p.Family, p.Table, p.Chain)
	}
	return fmt.Sprintf("%s%s %s %s rule %d", tool, p.Family, p.Table, p.Chain, p.Rule)
}

// observe sends packets, waits until the kernel is through with all of them, and says what became of each.
func (l *Lab) observe(packets []sending, rules numbering) (map[uint32]*Observed, error) {
	last, markers := l.markers()
	if err := l.send(append(slices.Clip(packets), last...)); err != nil {
		return nil, err
	}
	events, err := l.trace.read(markers)
	if err != nil {
		return nil, err
	}
	names, err := l.interfaceNames()
	if err != nil {
		return nil, err
	}
	seen := map[uint32]*Observed{}
	for _, p := range packets {
		seen[p.ID] = &Observed{End: Gone}
	}
	for _, e := range events {
		if o := seen[e.packet]; o != nil {
			if err := o.add(e, rules, names); err != nil {
				return nil, err
			}
		} else if answers, word := answered(e); seen[answers] != nil && seen[answers].End == Gone {
			seen[answers].Answer = word
		}
	}
	return seen, nil
}

// add takes one event of the packet.
func (o *Observed) add(e event, rules numbering, names map[uint32]string) error {
	if e.table == "pathwitness" {
		o.watch(e, names)
		return nil
	}
	place := Place{Legacy: e.legacy, Family: e.family, Table: e.table, Chain: e.chain}
	switch {
	case e.legacy:
		place.Rule = e.number
		if length := rules.length[place.key()]; e.number > length {
			if !rules.base[place.key()] {
				return nil // the end of a user's chain
			}
			place.Rule = 0
		}
	case e.handle != 0:
		place.Rule = rules.number[e.handle][place.key()]
		if place.Rule == 0 {
			return fmt.Errorf("the kernel names rule handle %d of %s, which was not read", e.handle, place)
		}
	case e.kind != ended:
		return nil
	}
	o.Steps = append(o.Steps, place)
	return nil
}

// watch takes what the observer's own chains say.
func (o *Observed) watch(e event, names map[uint32]string) {
	if e.kind != matched || e.handle == 0 || e.header == nil {
		return
	}
	switch e.chain {
	case "prerouting":
		o.End = Gone // or on its way: it may have come back over the loopback interface
		return
	case "input":
		o.End, o.Out = Delivered, ""
	case "postrouting":
		o.End, o.Out = Left, names[e.out]
	default:
		return
	}
	o.Final = parseHeader(e.header)
	o.Final.In = names[e.in]
}

// answered is the packet that a message of the host answers, and with what.
func answered(e event) (uint32, string) {
	if e.table != "pathwitness" || e.chain != "output" || e.header == nil {
		return 0, ""
	}
	p := parseHeader(e.header)
	transport := e.header[headerLength(e.header):]
	switch {
	case p.Protocol == 6 && p.TCPFlags&4 != 0 && len(transport) >= 12:
		number := binary.BigEndian.Uint32(transport[8:])
		if p.TCPFlags&16 == 0 {
			number = binary.BigEndian.Uint32(transport[4:])
		}
		return number >> sequenceShift, "tcp-reset"
	case p.Protocol == 1 && p.ICMPType == 5, p.Protocol == 58 && p.ICMPType == 137:
		return 0, "" // a redirect: the packet goes on
	case p.Protocol == 1 && len(transport) >= 14:
		return uint32(binary.BigEndian.Uint16(transport[12:])), fmt.Sprintf("icmp %d/%d", p.ICMPType, p.ICMPCode)
	case p.Protocol == 58 && len(transport) >= 12:
		return binary.BigEndian.Uint32(transport[8:]) & 0xfffff, fmt.Sprintf("icmpv6 %d/%d", p.ICMPType, p.ICMPCode)
	}
	return 0, ""
}

// sequenceShift: TCP's sequence numbers are a packet's identity, shifted, so that a reset can be told whom it answers.
const sequenceShift = 12

func headerLength(header []byte) int {
	if header[0]>>4 == 6 {
		return 40
	}
	return min(int(header[0]&15)*4, len(header))
}

// parseHeader reads the headers of a packet that this package has sent, or the kernel has answered it with.
func parseHeader(h []byte) netfilter.Packet {
	var p netfilter.Packet
	if h[0]>>4 == 6 && len(h) >= 40 {
		p.Protocol, p.TTL = h[6], h[7]
		p.DSCP = uint8(binary.BigEndian.Uint16(h) >> 6 & 63)
		p.Source, _ = netip.AddrFromSlice(h[8:24])
		p.Destination, _ = netip.AddrFromSlice(h[24:40])
		p.Length = 40 + binary.BigEndian.Uint16(h[4:])
	} else if len(h) >= 20 {
		p.Protocol, p.TTL, p.DSCP = h[9], h[8], h[1]>>2
		p.Source, _ = netip.AddrFromSlice(h[12:16])
		p.Destination, _ = netip.AddrFromSlice(h[16:20])
		p.Length = binary.BigEndian.Uint16(h[2:])
	}
	parseTransport(&p, h[headerLength(h):])
	return p
}

func parseTransport(p *netfilter.Packet, t []byte) {
	switch {
	case p.HasPorts() && len(t) >= 4:
		p.SourcePort, p.DestinationPort = binary.BigEndian.Uint16(t), binary.BigEndian.Uint16(t[2:])
		if p.Protocol == 6 && len(t) >= 14 {
			p.TCPFlags = t[13]
		}
	case (p.Protocol == 1 || p.Protocol == 58) && len(t) >= 6:
		p.ICMPType, p.ICMPCode, p.ICMPID = t[0], t[1], binary.BigEndian.Uint16(t[4:])
	}
}

// interfaceNames are the host's interfaces by their index.
func (l *Lab) interfaceNames() (map[uint32]string, error) {
	names := map[uint32]string{0: ""}
	err := l.Host.Do(func() error {
		all, err := netlink.LinkList()
		for _, one := range all {
			names[uint32(one.Attrs().Index)] = one.Attrs().Name
		}
		return err
	})
	return names, err
}

// markers are packets that end a batch, one on every link.
func (l *Lab) markers() ([]sending, map[uint32]bool) {
	var packets []sending
	ids := map[uint32]bool{}
	own := netip.MustParseAddr("203.0.113.10")
	for port := range l.links {
		p := sending{Packet: wire.Packet{ID: l.identity(), Packet: netfilter.Packet{In: port, Protocol: 17,
			Source: stranger, Destination: own, SourcePort: 9, DestinationPort: 9}}}
		ids[p.ID] = true
		packets = append(packets, p)
	}
	return packets, ids
}

// stranger is where markers come from (RFC 5737).
var stranger = netip.MustParseAddr("192.0.2.1")
