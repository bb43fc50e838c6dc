package pathwitness

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/netfilter"
)

// event is one step of a packet's way, as the kernel tells it.
type event struct {
	packet uint32 // its identity
	legacy bool   // of iptables-legacy
	family netfilter.Family
	table  string
	chain  string
	handle uint64 // of the rule, of nf_tables
	number int    // of the rule, of iptables-legacy; where kind is not matched, one more than the chain has
	kind   eventKind
	// verdict is nf_tables' code (NF_DROP 0, NF_ACCEPT 1, NFT_JUMP -3, ...) of a rule or a policy.
	verdict int32
	header  []byte // from the IP header on, where the message has it
	in, out uint32 // interfaces by index
}

type eventKind uint8

const (
	matched  eventKind = iota // a rule
	returned                  // the end of a user's chain
	ended                     // the end of a base chain: its policy
)

// Of nf_tables' trace (include/uapi/linux/netfilter/nf_tables.h, enum nft_trace_attributes).
const (
	traceTable     = 1
	traceChain     = 2
	traceHandle    = 3
	traceType      = 4
	traceVerdict   = 5
	traceID        = 6
	traceNetwork   = 8
	traceTransport = 9
	traceIn        = 10
	traceOut       = 12
	tracePolicy    = 16

	typePolicy = 1
	typeReturn = 2
)

var families = map[uint8]netfilter.Family{
	unix.NFPROTO_IPV4: netfilter.IPv4, unix.NFPROTO_IPV6: netfilter.IPv6, unix.NFPROTO_INET: netfilter.Inet,
	unix.NFPROTO_BRIDGE: netfilter.Bridge,
}

func (t *trace) nftEvent(family uint8, a *netlink.AttributeDecoder) (event, error) {
	e := event{family: families[family]}
	a.ByteOrder = binary.BigEndian
	var id uint32
	for a.Next() {
		switch a.Type() {
		case traceTable:
			e.table = a.String()
		case traceChain:
			e.chain = a.String()
		case traceHandle:
			e.handle = a.Uint64()
		case traceType:
			e.kind = map[uint32]eventKind{typePolicy: ended, typeReturn: returned}[a.Uint32()]
		case traceVerdict:
			a.Nested(func(nested *netlink.AttributeDecoder) error {
				for nested.Next() {
					if nested.Type() == 1 { // NFTA_VERDICT_CODE
						e.verdict = int32(nested.Uint32())
					}
				}
				return nil
			})
		case tracePolicy:
			e.verdict = int32(a.Uint32())
		case traceID:
			id = a.Uint32()
		case traceNetwork, traceTransport:
			e.header = append(e.header, a.Bytes()...)
		case traceIn:
			e.in = a.Uint32()
		case traceOut:
			e.out = a.Uint32()
		}
	}
	if e.header != nil {
		t.known[id] = identityOf(e.header)
	}
	e.packet = t.known[id]
	return e, a.Err()
}

// Of NFLOG's messages (include/uapi/linux/netfilter/nfnetlink_log.h, enum nfulnl_attr_type).
const (
	logPayload  = 9
	logPrefix   = 10
	logSequence = 12
)

func (t *trace) legacyEvent(family uint8, a *netlink.AttributeDecoder) (event, bool, error) {
	e := event{family: families[family], legacy: true}
	a.ByteOrder = binary.BigEndian
	var prefix string
	var sequence uint32
	for a.Next() {
		switch a.Type() {
		case logPayload:
			e.header = append(e.header, a.Bytes()...)
		case logPrefix:
			prefix = a.String()
		case logSequence:
			sequence = a.Uint32()
		}
	}
	if err := a.Err(); err != nil {
		return e, false, err
	}
	if t.sequence != 0 && sequence != t.sequence+1 {
		t.sequence = 0
		return e, false, errLost
	}
	t.sequence = sequence
	place, traced := strings.CutPrefix(strings.TrimSpace(prefix), "TRACE: ")
	if !traced {
		return e, false, nil // of a rule that logs
	}
	e.packet = identityOf(e.header)
	return e, true, e.parsePlace(place)
}

// parsePlace reads "filter:FORWARD:rule:3". No name has a colon in it.
func (e *event) parsePlace(place string) error {
	parts := strings.Split(place, ":")
	if len(parts) != 4 {
		return fmt.Errorf("the kernel traced a packet at %q, which is not table:chain:kind:number", place)
	}
	var err error
	e.table, e.chain = parts[0], parts[1]
	e.number, err = strconv.Atoi(parts[3])
	return err
}

// identityOf is what tells packets apart, from the IP header on.
func identityOf(header []byte) uint32 {
	if len(header) < 20 {
		return 0
	}
	if header[0]>>4 == 6 {
		return binary.BigEndian.Uint32(header) & 0xfffff
	}
	return uint32(binary.BigEndian.Uint16(header[4:]))
}
