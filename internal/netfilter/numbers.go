package netfilter

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// Number is an unsigned number of up to 128 bits: a port, a mark, an address.
type Number struct{ High, Low uint64 }

// AllOnes is the mask that leaves every bit, and the greatest Number.
var AllOnes = Number{^uint64(0), ^uint64(0)}

// Small is a number of at most 64 bits.
func Small(n uint64) Number { return Number{Low: n} }

// OfAddress is an address's bits: 32 of IPv4, 128 of IPv6.
func OfAddress(a netip.Addr) Number {
	if a.Is4() {
		four := a.As4()
		return Small(uint64(binary.BigEndian.Uint32(four[:])))
	}
	sixteen := a.As16()
	return Number{binary.BigEndian.Uint64(sixteen[:8]), binary.BigEndian.Uint64(sixteen[8:])}
}

// Address is the address of these bits, of an IP family.
func (n Number) Address(f Family) netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], n.High)
	binary.BigEndian.PutUint64(b[8:], n.Low)
	if f == IPv4 {
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return netip.AddrFrom16(b)
}

// Compare orders numbers: -1, 0 or 1.
func (n Number) Compare(m Number) int {
	if n.High != m.High {
		return cmp.Compare(n.High, m.High)
	}
	return cmp.Compare(n.Low, m.Low)
}

// And, Or, Xor and Not are bit by bit.
func (n Number) And(m Number) Number { return Number{n.High & m.High, n.Low & m.Low} }
func (n Number) Or(m Number) Number  { return Number{n.High | m.High, n.Low | m.Low} }
func (n Number) Xor(m Number) Number { return Number{n.High ^ m.High, n.Low ^ m.Low} }
func (n Number) Not() Number         { return Number{^n.High, ^n.Low} }

// Next is n+1, 0 after AllOnes. Previous is n-1.
func (n Number) Next() Number {
	if n.Low++; n.Low == 0 {
		n.High++
	}
	return n
}

// Previous is n-1, AllOnes before 0.
func (n Number) Previous() Number {
	if n.Low == 0 {
		n.High--
	}
	n.Low--
	return n
}

// Range is the numbers from First to Last, both in it.
type Range struct{ First, Last Number }

// Ranges are sorted and neither overlap nor touch. The zero value holds no number.
type Ranges []Range

// One is the range of one number, Between of a first and a last one.
func One(n Number) Ranges { return Ranges{{n, n}} }

// Between are the numbers from first to last, both in it; none if last is below first.
func Between(first, last Number) Ranges {
	if last.Compare(first) < 0 {
		return nil
	}
	return Ranges{{first, last}}
}

// OfPrefix are a prefix's addresses.
func OfPrefix(p netip.Prefix) Ranges {
	host := hostBits(p)
	first := OfAddress(p.Addr()).And(host.Not())
	return Ranges{{first, first.Or(host)}}
}

// hostBits has the bits set that a prefix leaves open.
func hostBits(p netip.Prefix) Number {
	open := p.Addr().BitLen() - p.Bits()
	if open >= 64 {
		return Number{1<<(open-64) - 1, ^uint64(0)}
	}
	return Number{0, 1<<open - 1}
}

// NewRanges sorts and joins.
func NewRanges(list ...Range) Ranges {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Range) int { return a.First.Compare(b.First) })
	var joined Ranges
	for _, r := range list {
		if r.Last.Compare(r.First) < 0 {
			continue
		}
		if last := len(joined) - 1; last >= 0 && (joined[last].Last == AllOnes || r.First.Compare(joined[last].Last.Next()) <= 0) {
			if r.Last.Compare(joined[last].Last) > 0 {
				joined[last].Last = r.Last
			}
			continue
		}
		joined = append(joined, r)
	}
	return joined
}

// Contains tells whether a number is in one of them.
func (r Ranges) Contains(n Number) bool {
	if len(r) == 1 {
		return r[0].First.Compare(n) <= 0 && n.Compare(r[0].Last) <= 0
	}
	i, found := slices.BinarySearchFunc(r, n, func(r Range, n Number) int { return r.First.Compare(n) })
	return found || i > 0 && n.Compare(r[i-1].Last) <= 0
}
