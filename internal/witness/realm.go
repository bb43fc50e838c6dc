// Package witness holds the kernel against the policy's meaning: it builds a Docker host in namespaces, as a
// host.Host describes it, loads gates into it, sends packets, and tells which of them came through.
//
// What came through is seen by the kernel itself: chains behind dockwall's note the packets that reach them in sets. A
// packet carries its number as its source port (as its destination port on the way back), so that a batch needs one
// look. After a batch, markers that nothing refuses are sent; when they are seen, all before them are through.
package witness

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netlab"
)

// Realm is a Docker host made of namespaces: the host itself, the outside, and the inside of its bridges.
type Realm struct {
	Host    *netlab.Namespace
	outside *netlab.Namespace
	inside  *netlab.Namespace
	ports   map[string]*netlab.Far // by the host's interface
	own     netip.Addr             // of the host, where markers go
	next    uint16                 // the last packet's number
}

// NewRealm builds the host: its interfaces with their addresses, Docker's DNAT and masquerading, and the observers.
func NewRealm(ctx context.Context, h *host.Host) (*Realm, error) {
	r := &Realm{ports: map[string]*netlab.Far{}, next: firstNumber}
	for _, n := range []**netlab.Namespace{&r.Host, &r.outside, &r.inside} {
		var err error
		if *n, err = netlab.New(); err != nil {
			r.Close()
			return nil, err
		}
	}
	if err := r.build(ctx, h); err != nil {
		r.Close()
		return nil, fmt.Errorf("building the host of the test: %w", err)
	}
	return r, nil
}

// Close gives all namespaces back.
func (r *Realm) Close() {
	for _, far := range r.ports {
		far.Close()
	}
	for _, n := range []*netlab.Namespace{r.Host, r.outside, r.inside} {
		if n != nil {
			n.Close()
		}
	}
}

func (r *Realm) build(ctx context.Context, h *host.Host) error {
	for _, knob := range []string{"ipv4/ip_forward", "ipv6/conf/all/forwarding", "netfilter/nf_conntrack_tcp_be_liberal"} {
		if err := r.Host.Sysctl(knob, "1"); err != nil {
			return err
		}
	}
	for _, knob := range []string{"ipv4/conf/all/rp_filter", "ipv4/conf/default/rp_filter"} {
		if err := r.Host.Sysctl(knob, "0"); err != nil {
			return err
		}
	}
	for i, link := range h.Interfaces {
		if err := r.link(h, link, i); err != nil {
			return err
		}
	}
	for _, everywhere := range []string{"0.0.0.0/0", "::/0"} {
		if err := r.defaultRoute(everywhere); err != nil {
			return err
		}
	}
	if _, err := r.Host.Run(ctx, dockerRules(h)+observers, "nft", "-f", "-"); err != nil {
		return err
	}
	if _, err := r.Host.Run(ctx, dockerUser, "iptables-nft-restore"); err != nil {
		return err
	}
	var err error
	r.own, err = ownAddress(h)
	return err
}

// link makes one interface of the host: a bridge with one port, or one end of a pair.
func (r *Realm) link(h *host.Host, link host.Interface, number int) error {
	if link.Loopback {
		return nil
	}
	end := fmt.Sprintf("far%d", number)
	space, name := r.outside, link.Name
	if link.Kind == "bridge" {
		space, name = r.inside, fmt.Sprintf("port%d", number)
		if err := r.Host.Bridge(link.Name); err != nil {
			return err
		}
	}
	if err := netlab.Connect(r.Host, name, space, end); err != nil {
		return err
	}
	if link.Kind == "bridge" {
		if err := r.Host.Enslave(name, link.Name); err != nil {
			return err
		}
	}
	for _, prefix := range link.Addresses {
		if err := r.Host.Address(link.Name, prefix.String()); err != nil {
			return err
		}
	}
	return r.attach(link.Name, space, end)
}

// uplink is the interface that all packets leave by whose destination is on no link of the host.
const uplink = "eno1"

func (r *Realm) defaultRoute(everywhere string) error {
	return r.Host.Do(func() error {
		link, err := netlink.LinkByName(uplink)
		if err != nil {
			return fmt.Errorf("interface %s: %w", uplink, err)
		}
		_, destination, err := net.ParseCIDR(everywhere)
		if err != nil {
			return err
		}
		return netlink.RouteAdd(&netlink.Route{Dst: destination, LinkIndex: link.Attrs().Index})
	})
}

func (r *Realm) attach(name string, space *netlab.Namespace, end string) error {
	far, err := netlab.FarEnd(r.Host, name, space, end)
	if err == nil {
		r.ports[name] = far
	}
	return err
}

// send puts packets on the link of one of the host's interfaces, as if a neighbour there had sent them.
func (r *Realm) send(name string, packets ...packet) error {
	far, found := r.ports[name]
	if !found {
		return fmt.Errorf("the host has no interface %q", name)
	}
	var frames [][]byte
	for _, one := range packets {
		frames = append(frames, one.bytes())
	}
	return netlab.OnOneProcessor(0, func() error { return far.Send(frames...) })
}
