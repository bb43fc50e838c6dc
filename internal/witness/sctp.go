package witness

import (
	"encoding/binary"
	"hash/crc32"
)

// sctp is an INIT chunk (RFC 9260, section 3.3.2): what opens an association. Conntrack looks at its checksum, a CRC32c
// in little-endian order (section 6.8).
func (p packet) sctp() []byte {
	t := make([]byte, 12+20)
	p.ports(t)
	chunk := t[12:]
	chunk[0] = 1 // INIT
	binary.BigEndian.PutUint16(chunk[2:], 20)
	binary.BigEndian.PutUint32(chunk[4:], 1) // initiate tag
	binary.BigEndian.PutUint32(chunk[8:], 65535)
	binary.BigEndian.PutUint16(chunk[12:], 1)
	binary.BigEndian.PutUint16(chunk[14:], 1)
	binary.BigEndian.PutUint32(chunk[16:], 1)
	binary.LittleEndian.PutUint32(t[8:], crc32.Checksum(t, crc32.MakeTable(crc32.Castagnoli)))
	return t
}
