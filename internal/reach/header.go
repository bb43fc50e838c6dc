package reach

import (
	"net/netip"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/packetset"
)

// state is packets on their way, all with the same header where it is no longer the arriving one. Headers are interned:
// equal ones are one pointer, and none is ever changed.
type state struct {
	packets packetset.Set
	*header
}

// header is what became of packets' fields.
type header struct {
	in, out              string
	via                  string    // the new way of a packet that output gave another destination
	addresses                      // as the packet has them now
	entry                addresses // as the packet has them after both translations of its conversation
	dial                 addresses // as the packet had them that began its conversation
	mark, ctmark         value
	dscp, ttl            value
	track                tracking
	finds                tracking // what conntrack will find: unseen, unless the conversation is already there
	natted               uint64   // the bits of ConntrackStatus that NAT sets
	sourceDone, destDone bool     // whether the conversation has its source and destination NAT, or has been found to need none
	icmpType, tcpFlags   value
	answers              bool // of the other side: its length and its MAC address are not those of the first packet
	crossed              bool // bridged, in postrouting: rules there do not see where it came in
	made, looped         bool // by this host; and on its way back over lo
}

// addresses are both ends of a packet.
type addresses struct{ source, destination, sport, dport value }

// tracking is what conntrack says of packets.
type tracking uint8

const (
	unseen tracking = iota // before conntrack
	fresh
	established
	answering // established, in the direction of the answers
	invalid
	untracked
)

// hasEntry tells whether the packets belong to a conntrack entry.
func (t tracking) hasEntry() bool { return t == fresh || t == established || t == answering }

// value is one field of a header: a reading of the arriving packet, or not known.
type value struct {
	packetset.Reading
	missing bool
	unknown bool            // one of within, if that is not the zero Range
	within  netfilter.Range // of unknown addresses and ports
}

func plain(f netfilter.Field) value     { return value{Reading: packetset.Plain(f)} }
func constant(n netfilter.Number) value { return value{Reading: packetset.Constant(n)} }
func number(n uint64) value             { return constant(netfilter.Small(n)) }
func address(a netip.Addr) value        { return constant(netfilter.OfAddress(a)) }
func anyOf(first, last netfilter.Number) value {
	if first == last {
		return constant(first)
	}
	return value{unknown: true, within: netfilter.Range{First: first, Last: last}}
}

var (
	absent      = value{missing: true}
	unspecified = value{unknown: true, within: netfilter.Range{Last: netfilter.AllOnes}}
)

// isConstant tells whether the field is one number for all packets.
func (v value) isConstant() bool { return !v.missing && !v.unknown && v.IsConstant() }

// arrived are the addresses of a packet that nothing has changed.
func arrived() addresses {
	return addresses{plain(netfilter.SourceAddress), plain(netfilter.DestinationAddress), plain(netfilter.SourcePort), plain(netfilter.DestinationPort)}
}

// first is the header of a conversation's first packet as it arrives.
func first(in string) header {
	return header{in: in, addresses: arrived(), entry: arrived(), dial: arrived(), mark: number(0), ctmark: number(0),
		dscp: plain(netfilter.DSCP), ttl: plain(netfilter.TTL), icmpType: plain(netfilter.ICMPType), tcpFlags: plain(netfilter.TCPFlags), made: in == ""}
}
