package probe

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// together is how many dials wait at the same time.
const together = 64

// dialAll tries TCP connections from the network namespace of the calling thread, in which its sockets are made. There is an
// outcome for each address, in their order.
func dialAll(ctx context.Context, addresses []netip.AddrPort) ([]Outcome, error) {
	var all []Outcome
	for len(addresses) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := min(together, len(addresses))
		some, err := dialSome(addresses[:n])
		if err != nil {
			return nil, err
		}
		all, addresses = append(all, some...), addresses[n:]
	}
	return all, nil
}

// dialSome tries connections at the same time.
func dialSome(addresses []netip.AddrPort) ([]Outcome, error) {
	outcomes := make([]Outcome, len(addresses))
	waiting := make([]unix.PollFd, len(addresses))
	for i, a := range addresses {
		socket, err := begin(a)
		if socket >= 0 {
			defer unix.Close(socket)
		}
		waiting[i] = unix.PollFd{Fd: int32(socket), Events: unix.POLLOUT}
		if err != nil && !errors.Is(err, unix.EINPROGRESS) {
			outcomes[i] = outcomeOf(err)
		}
	}
	deadline := time.Now().Add(patience)
	for undecided(outcomes, waiting) && time.Now().Before(deadline) {
		if _, err := unix.Poll(waiting, int(time.Until(deadline).Milliseconds())+1); err != nil && !errors.Is(err, unix.EINTR) {
			return nil, err
		}
		for i := range waiting {
			if outcomes[i] == "" && waiting[i].Revents != 0 {
				outcomes[i] = ended(int(waiting[i].Fd))
			}
		}
	}
	for i := range outcomes {
		if outcomes[i] == "" {
			outcomes[i] = Silent
		}
	}
	return outcomes, nil
}

// undecided tells whether a dial waits, and has only those waited for.
func undecided(outcomes []Outcome, waiting []unix.PollFd) bool {
	some := false
	for i := range outcomes {
		if outcomes[i] == "" {
			some = true
		} else {
			waiting[i].Fd = -1 // which poll(2) passes over
		}
	}
	return some
}

// begin begins a connection; the socket is -1 where none could be made.
func begin(a netip.AddrPort) (int, error) {
	family := unix.AF_INET6
	var to unix.Sockaddr = &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	if a.Addr().Is4() {
		family, to = unix.AF_INET, &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	socket, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	return socket, unix.Connect(socket, to)
}

// ended is how a connection that poll(2) tells of ended.
func ended(socket int) Outcome {
	code, err := unix.GetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	if err == nil {
		return Connected
	}
	return outcomeOf(err)
}

// outcomeOf is what an error of connect(2) tells the client: that it was refused, by a reset or a message, or nothing.
func outcomeOf(err error) Outcome {
	if errors.Is(err, unix.ETIMEDOUT) {
		return Silent
	}
	return Refused
}
