package nftables

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// decodeExpressions fills in what a rule's expressions say, and zeroes the counters in its shape.
func (r *ruleReading) decodeExpressions() {
	for _, expression := range attributes(r.shape) {
		data := attribute(expression, unix.NFTA_EXPR_DATA)
		switch string(attribute(expression, unix.NFTA_EXPR_NAME)) {
		case "counter\x00":
			r.takeCounter(data)
		case "immediate\x00":
			r.verdict = verdictText(attribute(data, unix.NFTA_IMMEDIATE_DATA))
		case "lookup\x00":
			r.lookups = append(r.lookups, setName(text(attribute(data, unix.NFTA_LOOKUP_SET))))
		}
	}
}

// takeCounter adds a counter's values, and zeroes them where they stand.
func (c *count) takeCounter(data []byte) {
	bytes, packets := attribute(data, unix.NFTA_COUNTER_BYTES), attribute(data, unix.NFTA_COUNTER_PACKETS)
	c.bytes += number64(bytes)
	c.packets += number64(packets)
	clear(bytes)
	clear(packets)
}

// verdictText is the verdict in the data of an expression or an element, as nft words it; "" if it is a value.
func verdictText(data []byte) string {
	v := attribute(data, unix.NFTA_DATA_VERDICT)
	if v == nil {
		return ""
	}
	switch code := int32(number32(attribute(v, unix.NFTA_VERDICT_CODE))); code {
	case 0: // NF_DROP
		return "drop"
	case 1: // NF_ACCEPT
		return "accept"
	case unix.NFT_RETURN:
		return "return"
	case unix.NFT_JUMP:
		return "jump " + text(attribute(v, unix.NFTA_VERDICT_CHAIN))
	case unix.NFT_GOTO:
		return "goto " + text(attribute(v, unix.NFTA_VERDICT_CHAIN))
	default:
		return fmt.Sprintf("verdict %d", code)
	}
}

// userdataComment is the type of a comment among what nft keeps with a rule or an element: triples of a type, a length
// and a value (libnftnl/udata.h).
const userdataComment = 0

func userComment(b []byte) Comment {
	for len(b) >= 2 && len(b) >= 2+int(b[1]) {
		value := b[2 : 2+int(b[1])]
		if b[0] == userdataComment {
			return Comment(text(value))
		}
		b = b[2+len(value):]
	}
	return ""
}
