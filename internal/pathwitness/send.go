package pathwitness

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netlab"
	"github.com/dockwall/dockwall/internal/wire"
)

// owner is who on the host makes packets.
type owner struct {
	family      netfilter.Family
	user, group uint32
}

// ownPriority (SO_PRIORITY) is that of packets which the laboratory makes on the host. No rule looks at it, so that the
// observer can tell them from what the kernel sends by itself.
const ownPriority = 0x7777

// sending is a packet with where it comes from.
type sending struct {
	wire.Packet
	User, Group, Mark uint32 // of packets made by the host
}

// send sends packets in order, from the links they come in by or from the host itself.
func (l *Lab) send(packets []sending) error {
	return netlab.OnOneProcessor(l.processor, func() error {
		for _, p := range packets {
			if err := l.sendOne(p); err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *Lab) sendOne(p sending) error {
	if p.In == "" {
		return l.sendOut(p)
	}
	port := p.In
	if p.PhysicalIn != "" {
		port = p.PhysicalIn
	}
	far, found := l.links[port]
	if !found {
		return fmt.Errorf("the host has no link %q", port)
	}
	if to := everybody(p); to != nil {
		return far.SendTo(to, p.Bytes())
	}
	if p.PhysicalIn != "" && isNeighbour(p.In, p.Destination) {
		to := macOf(neighbours[p.In])
		return far.SendTo(to[:], p.Bytes())
	}
	return far.Send(p.Bytes())
}

// everybody is the link's address that neighbours send multicast and broadcast packets to; nil for others.
func everybody(p sending) net.HardwareAddr {
	a := p.Destination
	switch {
	case a.Is4() && a.IsMulticast():
		four := a.As4()
		return net.HardwareAddr{1, 0, 0x5e, four[1] & 0x7f, four[2], four[3]}
	case a.IsMulticast():
		six := a.As16()
		return net.HardwareAddr{0x33, 0x33, six[12], six[13], six[14], six[15]}
	case a.Is4() && broadcasts[a.String()]:
		return net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	}
	return nil
}

// isNeighbour tells whether an address is of the network on a link, and not the host's own.
func isNeighbour(name string, a netip.Addr) bool {
	if a.IsLinkLocalUnicast() && a.Is6() {
		return true
	}
	for _, one := range links {
		for _, text := range one.addresses {
			p := netip.MustParsePrefix(text)
			if p.Addr() == a {
				return false
			}
			if one.name == name && p.Contains(a) {
				return true
			}
		}
	}
	return false
}

// broadcasts are the laboratory's addresses that stand for everybody on a link.
var broadcasts = map[string]bool{"255.255.255.255": true, "203.0.113.255": true, "172.17.255.255": true}

// sendOut makes a packet on the host, from a raw socket of its owner.
func (l *Lab) sendOut(p sending) error {
	socket, err := l.socket(owner{p.Family(), p.User, p.Group})
	if err != nil {
		return err
	}
	if err := unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_MARK, int(p.Mark)); err != nil {
		return fmt.Errorf("marking a socket: %w", err)
	}
	var to unix.Sockaddr = &unix.SockaddrInet6{Addr: p.Destination.As16()}
	if p.Destination.Is4() {
		to = &unix.SockaddrInet4{Addr: p.Destination.As4()}
	}
	// EPERM is a rule's drop, told to the sender; other errors are of the route that is not there.
	err = unix.Sendto(socket, p.Bytes(), 0, to)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENETUNREACH) || errors.Is(err, unix.EHOSTUNREACH) ||
		errors.Is(err, unix.EACCES) || errors.Is(err, unix.EINVAL) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sending %+v: %w", p, err)
	}
	return nil
}

// socket is a raw socket on the host, of a user and a group.
func (l *Lab) socket(o owner) (int, error) {
	if socket, found := l.sockets[o]; found {
		return socket, nil
	}
	socket := -1
	err := l.Host.Do(func() (err error) {
		// The thread ends with Do. A socket's owner is the file system's user of who makes it (xt_owner, meta skuid).
		if err := errors.Join(unix.Setfsgid(int(o.group)), unix.Setfsuid(int(o.user))); err != nil {
			return err
		}
		domain := unix.AF_INET
		if o.family == netfilter.IPv6 {
			domain = unix.AF_INET6
		}
		if socket, err = unix.Socket(domain, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW); err != nil {
			return err
		}
		if o.family == netfilter.IPv4 {
			if err := unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_BROADCAST, 1); err != nil {
				return err
			}
		}
		return unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_PRIORITY, ownPriority)
	})
	if err != nil {
		return -1, fmt.Errorf("raw socket: %w", err)
	}
	l.sockets[o] = socket
	return socket, nil
}

func (l *Lab) closeSockets() error {
	var errs []error
	for _, socket := range l.sockets {
		errs = append(errs, unix.Close(socket))
	}
	return errors.Join(errs...)
}
