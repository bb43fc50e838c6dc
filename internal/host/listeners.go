package host

import (
	"bufio"
	"cmp"
	"io"
	"net/netip"
	"slices"
	"strings"
)

// Listener is a socket of the host that waits for clients.
type Listener struct {
	Protocol Protocol       `json:"protocol"`
	Address  netip.AddrPort `json:"address"` // unspecified address: every address (of both families, where it is ::, perhaps)
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
		local, _ := strings.CutPrefix(fields[4], "*")
		if local != fields[4] {
			local = "[::]" + local
		}
		if addr, err := netip.ParseAddrPort(local); err == nil {
			ls = append(ls, Listener{protocol, addr})
		}
	}
	return ls.sorted(), lines.Err()
}
