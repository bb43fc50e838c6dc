package testbed

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Probe dials a TCP port at a short interval and counts how the attempts ended, to find the moment in which a refused
// port is open.
type Probe struct {
	cancel context.CancelFunc
	done   chan error
	result ProbeResult
}

// ProbeResult is what a probe counted.
type ProbeResult struct {
	Attempts int
	Refused  int
	Silent   int         // no answer within half a second, or none yet when the probe ended
	Connects []time.Time // when an attempt was seen to have connected
}

// Window is the time between the first and the last attempt that connected.
func (r ProbeResult) Window() time.Duration {
	if len(r.Connects) == 0 {
		return 0
	}
	return r.Connects[len(r.Connects)-1].Sub(r.Connects[0])
}

func (r ProbeResult) String() string {
	return fmt.Sprintf("%d attempts, %d refused, %d silent, %d connected within %s",
		r.Attempts, r.Refused, r.Silent, len(r.Connects), r.Window().Round(time.Millisecond))
}

// Probe starts dialling address ("203.0.113.10:8123") every interval, until Stop or the context's end.
func (s *Station) Probe(ctx context.Context, address string, interval time.Duration) (*Probe, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &Probe{cancel: cancel, done: make(chan error, 1)}
	go func() {
		p.done <- s.Do(func() error { return p.run(ctx, to, interval) })
	}()
	return p, nil
}

// Stop ends the probe and gives what it counted.
func (p *Probe) Stop() (ProbeResult, error) {
	p.cancel()
	err := <-p.done
	return p.result, err
}

// attempt is one SYN under way.
type attempt struct {
	socket int
	begun  time.Time
}

func (p *Probe) run(ctx context.Context, to netip.AddrPort, interval time.Duration) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var pending []attempt
	defer func() {
		p.result.Silent += len(pending)
		for _, a := range pending {
			unix.Close(a.socket)
		}
	}()
	for {
		a, err := begin(to)
		if err != nil {
			return err
		}
		p.result.Attempts++
		pending = p.settle(append(pending, a))
		select {
		case <-ctx.Done():
			pending = p.settle(pending)
			return nil
		case <-ticker.C:
		}
	}
}

// begin sends a SYN and does not wait. Errors of connect are read from the socket later.
func begin(to netip.AddrPort) (attempt, error) {
	family, address := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()})
	if to.Addr().Is4() {
		family, address = unix.AF_INET, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	}
	socket, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return attempt{}, fmt.Errorf("a socket to probe with: %w", err)
	}
	if err := unix.Connect(socket, address); err != nil && err != unix.EINPROGRESS && err != unix.ECONNREFUSED {
		unix.Close(socket)
		return attempt{}, fmt.Errorf("probing %s: %w", to, err)
	}
	return attempt{socket: socket, begun: time.Now()}, nil
}

// settle counts the attempts that have ended and gives those that have not.
func (p *Probe) settle(pending []attempt) []attempt {
	var left []attempt
	for _, a := range pending {
		poll := []unix.PollFd{{Fd: int32(a.socket), Events: unix.POLLOUT}}
		unix.Poll(poll, 0)
		switch code, _ := unix.GetsockoptInt(a.socket, unix.SOL_SOCKET, unix.SO_ERROR); {
		case poll[0].Revents&unix.POLLERR != 0 || code != 0 || poll[0].Revents&unix.POLLHUP != 0:
			p.result.Refused++
		case poll[0].Revents&unix.POLLOUT != 0:
			p.result.Connects = append(p.result.Connects, time.Now())
		case time.Since(a.begun) > 500*time.Millisecond:
			p.result.Silent++
		default:
			left = append(left, a)
			continue
		}
		unix.Close(a.socket)
	}
	return left
}
