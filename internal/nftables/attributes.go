package nftables

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// attributes goes through netlink attributes: the type of each, and its value where it stands, not a copy. What is cut
// short ends it.
//
// There are some ten attributes to a rule, inside one another. A decoder made for each would take most of the time.
func attributes(b []byte) iter.Seq2[int, []byte] {
	const header, nestedAndOrder = 4, 0xc000 // NLA_F_NESTED, NLA_F_NET_BYTEORDER
	return func(yield func(int, []byte) bool) {
		for len(b) >= header {
			length := int(binary.NativeEndian.Uint16(b))
			if length < header || length > len(b) {
				return
			}
			kind := int(binary.NativeEndian.Uint16(b[2:]) &^ nestedAndOrder)
			if !yield(kind, b[header:length]) {
				return
			}
			b = b[min((length+3)&^3, len(b)):]
		}
	}
}

// attribute is the value of the first attribute of a type; nil: there is none.
func attribute(b []byte, kind int) []byte {
	for k, value := range attributes(b) {
		if k == kind {
			return value
		}
	}
	return nil
}

// text is a value that ends with a zero; number is one in network order.
func text(value []byte) string { return string(bytes.TrimRight(value, "\x00")) }

func number32(value []byte) uint32 {
	if len(value) != 4 {
		return 0
	}
	return binary.BigEndian.Uint32(value)
}

func number64(value []byte) uint64 {
	if len(value) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(value)
}
