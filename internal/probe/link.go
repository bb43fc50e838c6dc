package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/dockwall/dockwall/internal/host"
)

// linkName is the host's end of the pair; peerName is the client's.
const (
	linkName = "dockwall-probe"
	peerName = "probe"
)

// Where the pair's addresses are taken from: networks that nobody has on a host, unless by design (RFC 2544; RFC 4193).
var (
	fours = netip.MustParsePrefix("198.18.0.0/15")
	sixes = netip.MustParsePrefix("fd64:6f63:6b77:616c::/64")
)

// pair is the two ends' addresses in one family, with their prefix length.
type pair struct{ host, client netip.Prefix }

// client is a network namespace that is joined to the host's.
type client struct {
	space     netns.NsHandle
	four, six pair
}

// attach makes a client. Nothing of the host's own links, addresses and settings is changed.
func attach(h *host.Host) (*client, error) {
	four, err := freePair(fours, 30, h)
	if err != nil {
		return nil, err
	}
	six, err := freePair(sixes, 126, h)
	if err != nil {
		return nil, err
	}
	c := &client{four: four, six: six}
	if err := onOwnThread(func() (err error) {
		c.space, err = netns.New()
		return err
	}); err != nil {
		return nil, fmt.Errorf("a network namespace could not be made, which needs root (CAP_SYS_ADMIN): %w", err)
	}
	if err := c.join(); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// freePair is the first network of that length that touches no address and no route of the host but a default one.
func freePair(from netip.Prefix, bits int, h *host.Host) (pair, error) {
	first := from.Addr()
	for range 256 {
		network := netip.PrefixFrom(first, bits)
		if !taken(network, h) {
			near := first.Next()
			return pair{netip.PrefixFrom(near, bits), netip.PrefixFrom(near.Next(), bits)}, nil
		}
		for range 4 {
			first = first.Next()
		}
	}
	return pair{}, fmt.Errorf("the host has addresses or routes in all of %s that were looked at", from)
}

func taken(network netip.Prefix, h *host.Host) bool {
	for _, r := range h.Routes {
		if r.Destination.Bits() > 0 && r.Destination.Overlaps(network) {
			return true
		}
	}
	for _, i := range h.Interfaces {
		for _, a := range i.Addresses {
			if a.Masked().Overlaps(network) {
				return true
			}
		}
	}
	return false
}

// join makes the pair of links, with their addresses and the client's ways.
func (c *client) join() error {
	inside, err := netlink.NewHandleAt(c.space)
	if err != nil {
		return err
	}
	defer inside.Close()
	outside, err := netlink.NewHandle()
	if err != nil {
		return err
	}
	defer outside.Close()
	attributes := netlink.NewLinkAttrs()
	attributes.Name = linkName
	err = outside.LinkAdd(&netlink.Veth{LinkAttrs: attributes, PeerName: peerName, PeerNamespace: netlink.NsFd(int(c.space))})
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("there is an interface %s already: another probe runs on this host", linkName)
	}
	if err != nil {
		return fmt.Errorf("a pair of links could not be made, which needs root (CAP_NET_ADMIN): %w", err)
	}
	if err := up(outside, linkName, c.four.host, c.six.host); err != nil {
		return err
	}
	if err := up(inside, peerName, c.four.client, c.six.client); err != nil {
		return err
	}
	return c.routes(inside)
}

// up sets an end up with its addresses, usable at once (no duplicate address detection).
func up(links *netlink.Handle, name string, addresses ...netip.Prefix) error {
	link, err := links.LinkByName(name)
	if err != nil {
		return fmt.Errorf("the interface %s: %w", name, err)
	}
	for _, a := range addresses {
		address, err := netlink.ParseAddr(a.String())
		if err != nil {
			return err
		}
		if a.Addr().Is6() {
			address.Flags |= unix.IFA_F_NODAD
		}
		if err := links.AddrAdd(link, address); err != nil {
			if a.Addr().Is6() && errors.Is(err, unix.EACCES) || errors.Is(err, unix.EOPNOTSUPP) {
				continue // the host has IPv6 switched off
			}
			return fmt.Errorf("the address %s on %s: %w", a, name, err)
		}
	}
	return links.LinkSetUp(link)
}

// routes sends everything of the client by the host.
func (c *client) routes(links *netlink.Handle) error {
	for _, p := range []pair{c.four, c.six} {
		err := links.RouteAdd(&netlink.Route{Gw: p.host.Addr().AsSlice()})
		if err != nil && p.host.Addr().Is4() {
			return fmt.Errorf("the client's way by %s: %w", p.host.Addr(), err)
		}
	}
	return nil
}

// close takes the links away, and then the client. Without it the kernel does the same, a little later.
func (c *client) close() {
	if link, err := netlink.LinkByName(linkName); err == nil {
		_ = netlink.LinkDel(link)
	}
	_ = c.space.Close()
}

// source is the client's address for dialling one of the host's or a container's.
func (c *client) source(dialled netip.Addr) netip.Addr {
	if dialled.Is4() {
		return c.four.client.Addr()
	}
	return c.six.client.Addr()
}

// gateway is the host's own address on the pair, of that one's family.
func (c *client) gateway(like netip.Addr) netip.Addr {
	if like.Is4() {
		return c.four.host.Addr()
	}
	return c.six.host.Addr()
}

// dial dials from the client.
func (c *client) dial(ctx context.Context, addresses []netip.AddrPort) (outcomes []Outcome, err error) {
	err = onOwnThread(func() error {
		if err := netns.Set(c.space); err != nil {
			return err
		}
		outcomes, err = dialAll(ctx, addresses)
		return err
	})
	return outcomes, err
}

// onOwnThread calls f on a thread that ends with it: one that has been elsewhere is not given back to the scheduler.
func onOwnThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked
		done <- f()
	}()
	return <-done
}
