package testbed

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Ping asks an address for an ICMP echo, of its family.
func (s *Station) Ping(address string) Answer {
	to, err := netip.ParseAddr(address)
	if err != nil {
		return Answer{Outcome: Unreachable, Err: err}
	}
	network, request, reply := "ip4:icmp", byte(8), byte(0)
	if to.Is6() {
		network, request, reply = "ip6:ipv6-icmp", 128, 129
	}
	var conn *net.IPConn
	err = s.Do(func() (err error) {
		conn, err = net.DialIP(network, nil, &net.IPAddr{IP: to.AsSlice()})
		return err
	})
	if err != nil {
		return Answer{Outcome: Unreachable, Err: err}
	}
	defer conn.Close()
	err = echo(conn, request, reply)
	switch {
	case err == nil:
		return Answer{Outcome: Open}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return Answer{Outcome: Silent, Err: err}
	case errors.Is(err, unix.ECONNREFUSED):
		return Answer{Outcome: Refused, Err: err}
	}
	return Answer{Outcome: Unreachable, Err: err}
}

// echo sends one request and waits for its reply. Raw sockets get other ICMP messages too.
func echo(conn *net.IPConn, request, reply byte) error {
	message := []byte{request, 0, 0, 0, 0xd0, 0xcc, 0, 1} // type, code, checksum, identifier, sequence
	binary.BigEndian.PutUint16(message[2:], checksum(message))
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := conn.Write(message); err != nil {
		return err
	}
	buffer := make([]byte, 1500)
	for {
		n, _, err := conn.ReadFrom(buffer) // without the header of IPv4
		if err != nil {
			return err
		}
		if got := buffer[:n]; n >= 8 && got[0] == reply && string(got[4:8]) == string(message[4:8]) {
			return nil
		}
	}
}

// checksum is the Internet checksum of an even number of bytes. For IPv6 the kernel puts its own.
func checksum(message []byte) uint16 {
	var sum uint32
	for i := 0; i < len(message); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(message[i:]))
	}
	return ^uint16(sum + sum>>16)
}
