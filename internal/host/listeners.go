package host

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Listener is a socket of the host that waits for clients.
type Listener struct {
	Protocol Protocol       `json:"protocol"`
	Address  netip.AddrPort `json:"address"` // 0.0.0.0 or ::, every address (:: perhaps of both families)
}

type listeners []Listener

// listening tells whether a socket waits at that port, at that address or at every address of its family.
func (ls listeners) listening(p Protocol, addr netip.Addr, port uint16) bool {
	return slices.ContainsFunc(ls, func(l Listener) bool {
		at := l.Address.Addr()
		return l.Protocol == p && l.Address.Port() == port && at.Is4() == addr.Is4() && (at.IsUnspecified() || at == addr)
	})
}

func (ls listeners) sorted() listeners {
	slices.SortFunc(ls, func(a, b Listener) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), a.Address.Compare(b.Address))
	})
	return slices.Compact(ls)
}

// procNet is the calling thread's network namespace; /proc/net would be that of the process's first thread.
const procNet = "/proc/thread-self/net/"

// readListeners reads the sockets of the calling thread's network namespace. SCTP's are not in these files.
func readListeners() (listeners, error) {
	var ls listeners
	for _, table := range []struct {
		file     string
		protocol Protocol
		state    string // of a socket that waits: TCP_LISTEN, or for UDP the state of a socket that is not connected
	}{{"tcp", TCP, "0A"}, {"tcp6", TCP, "0A"}, {"udp", UDP, "07"}, {"udp6", UDP, "07"}} {
		f, err := os.Open(procNet + table.file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // no IPv6
		}
		if err != nil {
			return nil, fmt.Errorf("the host's sockets cannot be read: %w", err)
		}
		found, err := readProcNet(f, table.protocol, table.state)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", procNet+table.file, err)
		}
		ls = append(ls, found...)
	}
	return ls.sorted(), nil
}

// readProcNet reads one table: "sl local_address rem_address st ...", addresses as hexadecimal words and ports.
func readProcNet(r io.Reader, p Protocol, state string) (listeners, error) {
	var ls listeners
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || fields[3] != state {
			continue
		}
		addr, err := parseProcAddr(fields[1])
		if err != nil {
			return nil, err
		}
		ls = append(ls, Listener{p, addr})
	}
	return ls, lines.Err()
}

// parseProcAddr reads "0100007F:1F90". The address is words of 32 bits in the host's order, each holding four bytes
// in the network's.
func parseProcAddr(s string) (netip.AddrPort, error) {
	address, port, _ := strings.Cut(s, ":")
	bytes, err := hex.DecodeString(address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is no socket address: %w", s, err)
	}
	for i := 0; i+4 <= len(bytes); i += 4 {
		binary.NativeEndian.PutUint32(bytes[i:], binary.BigEndian.Uint32(bytes[i:]))
	}
	addr, ok := netip.AddrFromSlice(bytes)
	number, err := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is no socket address", s)
	}
	return netip.AddrPortFrom(addr, uint16(number)), nil
}

// readSS reads what `ss -ltnu` prints, of which a recording is made.
func readSS(r io.Reader) (listeners, error) {
	var ls listeners
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 {
			continue
		}
		protocol, err := ParseProtocol(fields[0])
		if err != nil {
			continue
		}
		// "*" is a socket of both families; its IPv6 half is what ::'s listener is in /proc/net.
		local := fields[4]
		if port, any := strings.CutPrefix(local, "*"); any {
			local = "[::]" + port
		}
		if addr, err := netip.ParseAddrPort(local); err == nil {
			ls = append(ls, Listener{protocol, addr})
		}
	}
	return ls.sorted(), lines.Err()
}
