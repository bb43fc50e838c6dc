package nftables

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"go4.org/netipx"
)

// kind is the type of a set's keys, as nft names it.
type kind string

// The kinds.
const (
	interfaces kind = "ifname"
	ports      kind = "inet_service"
	ipv4       kind = "ipv4_addr"
	ipv6       kind = "ipv6_addr"
)

// joint tells whether keys are of an address and a port.
func (k kind) joint() bool { return strings.HasSuffix(string(k), " . "+string(ports)) }

// key is a key as the kernel has it: the bytes in network order, an interface's name filled up with zeros. Keys of one
// kind compare like what they stand for.
type key string

const interfaceKeyLength = 16

func portKey(port uint16) key { return key(binary.BigEndian.AppendUint16(nil, port)) }

func (k key) port() uint16 { return binary.BigEndian.Uint16([]byte(k)) }

func addressKey(a netip.Addr) key { return key(a.AsSlice()) }

func interfaceKey(name string) key {
	return key(name + strings.Repeat("\x00", interfaceKeyLength-len(name)))
}

// previous is the key before, of the same length. The first key has none, and gives the last.
func (k key) previous() key {
	b := []byte(k)
	for i := len(b) - 1; i >= 0; i-- {
		b[i]--
		if b[i] != 0xff {
			break
		}
	}
	return key(b)
}

// text is an inclusive range of keys as nft takes it.
func (k kind) text(first, last key) string {
	switch k {
	case interfaces:
		return `"` + strings.TrimRight(string(first), "\x00") + `"`
	case ports:
		return portsText(first.port(), last.port())
	}
	if k.joint() {
		port, _ := first.crowdPort() // keys of this kind have one
		return first[:len(first)-crowdPortLength].address().String() + " . " + strconv.Itoa(int(port))
	}
	return addressesText(first.address(), last.address())
}

// A key of a crowd is an address and a port, each filled up to four bytes.
const crowdPortLength = 4

func crowdKey(a netip.Addr, port uint16) key { return addressKey(a) + portKey(port) + "\x00\x00" }

// crowdPort is the port in a key of a crowd. A set that somebody made anew may have other keys.
func (k key) crowdPort() (uint16, error) {
	if len(k) <= crowdPortLength {
		return 0, fmt.Errorf("a key of %d bytes is not of an address and a port", len(k))
	}
	return k[len(k)-crowdPortLength:][:2].port(), nil
}

func (k key) address() netip.Addr {
	a, _ := netip.AddrFromSlice([]byte(k)) // sets of addresses have keys of 4 or 16 bytes
	return a
}

func portsText(first, last uint16) string {
	text := strconv.Itoa(int(first))
	if first != last {
		text += "-" + strconv.Itoa(int(last))
	}
	return text
}

func addressesText(first, last netip.Addr) string {
	if first == last {
		return first.String()
	}
	r := netipx.IPRangeFrom(first, last)
	if prefix, ok := r.Prefix(); ok {
		return prefix.String()
	}
	return r.String()
}
