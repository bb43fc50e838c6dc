package pathwitness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"

	"github.com/dockwall/dockwall/internal/netlab"
)

// Lab is a host in a namespace with the far ends of its links, and somebody who listens to the kernel's traces. One
// test uses it at a time, for as many rulesets as it likes.
type Lab struct {
	Host      *netlab.Namespace
	outside   *netlab.Namespace
	links     map[string]*netlab.Far // by the host's interface
	sockets   map[owner]int          // of the host's own packets
	trace     *trace
	processor int
	next      uint32 // the last packet's identity
	fresh     *Rules // that were loaded, and that no packet has met; nil: others
	sets      bool   // whether there are ipsets
	legacy    bool   // whether iptables-legacy is used here: its tables never leave a namespace again
}

// link is an interface of the laboratory's host.
type link struct {
	name      string
	ports     []string // of a bridge; none: the interface is one end of a pair
	addresses []string
}

// links are those of a Docker host. The second bridge shares nothing with Docker's.
var links = []link{
	{name: "eno1", addresses: []string{"203.0.113.10/24", "2001:db8:1::10/64"}},
	{name: "wg0", addresses: []string{"10.8.0.1/24", "fd08::1/64"}},
	{name: "docker0", ports: []string{"vetha", "vethb", "vethn"}, addresses: []string{"172.17.0.1/16", "fd17::1/64"}},
	{name: "br-app", ports: []string{"vethc", "vethd"}, addresses: []string{"172.18.0.1/16", "fd18::1/64"}},
}

// bridges are those of the ports.
var bridges = map[string]string{"vetha": "docker0", "vethb": "docker0", "vethn": "docker0", "vethc": "br-app", "vethd": "br-app"}

// neighbours are the ports of the bridges where all their neighbours are. No other packets come from there, so that each
// can be bridged.
var neighbours = map[string]string{"docker0": "vethn", "br-app": "vethd"}

// macOf is the address of the neighbour at the far end of a link: one for each, and the first is in rules.
func macOf(end string) [6]byte {
	last := map[string]byte{"eno1": 1, "wg0": 2, "vetha": 3, "vethb": 4, "vethc": 5, "vethd": 6, "vethn": 7}
	return [6]byte{2, 0, 0, 0, 0, last[end]}
}

// gateways of the default routes are on eno1.
var gateways = map[string]string{"0.0.0.0/0": "203.0.113.1", "::/0": "2001:db8:1::1"}

// settings of the host, below /proc/sys/net. Its answers are not limited in number, so that each is seen.
var settings = [][2]string{
	{"ipv4/ip_forward", "1"}, {"ipv6/conf/all/forwarding", "1"},
	{"ipv4/conf/all/rp_filter", "0"}, {"ipv4/conf/default/rp_filter", "0"},
	{"ipv6/conf/default/accept_dad", "0"}, {"ipv6/conf/default/router_solicitations", "0"},
	{"netfilter/nf_conntrack_tcp_be_liberal", "1"},
	{"netfilter/nf_log/2", "nfnetlink_log"}, {"netfilter/nf_log/10", "nfnetlink_log"},
	{"ipv4/icmp_ratelimit", "0"}, {"ipv6/icmp/ratelimit", "0"}, {"ipv4/icmp_echo_ignore_broadcasts", "0"},
	{"ipv4/icmp_msgs_per_sec", "1000000"}, {"ipv4/icmp_msgs_burst", "1000000"},
}

// NewLab builds the host. The processor is the one that works on all its packets.
func NewLab(processor int, legacy bool) (*Lab, error) {
	l := &Lab{links: map[string]*netlab.Far{}, sockets: map[owner]int{},
		processor: processor, legacy: legacy}
	if err := l.build(); err != nil {
		return nil, errors.Join(fmt.Errorf("building the laboratory: %w", err), l.Close())
	}
	return l, nil
}

// Close gives everything back.
func (l *Lab) Close() error {
	var errs []error
	if l.trace != nil {
		errs = append(errs, l.trace.close())
	}
	for _, far := range l.links {
		errs = append(errs, far.Close())
	}
	errs = append(errs, l.closeSockets())
	for _, n := range []*netlab.Namespace{l.Host, l.outside} {
		if n != nil {
			errs = append(errs, n.Close())
		}
	}
	return errors.Join(errs...)
}

func (l *Lab) build() (err error) {
	if l.Host, err = netlab.New(); err != nil {
		return err
	}
	if l.outside, err = netlab.New(); err != nil {
		return err
	}
	if err := l.outside.Sysctl("ipv6/conf/default/disable_ipv6", "1"); err != nil {
		return err
	}
	for _, s := range settings {
		if err := l.Host.Sysctl(s[0], s[1]); err != nil {
			return err
		}
	}
	for _, one := range links {
		if err := l.link(one); err != nil {
			return err
		}
	}
	for destination, gateway := range gateways {
		if err := l.Host.Route(netip.MustParsePrefix(destination), netip.MustParseAddr(gateway)); err != nil {
			return err
		}
	}
	l.trace, err = listen(l.Host)
	return err
}

// link makes one interface of the host. Nobody answers at its far end, and nobody needs to: the host asks for no
// neighbour's address.
func (l *Lab) link(one link) error {
	if len(one.ports) == 0 {
		if err := netlab.Connect(l.Host, one.name, l.outside, "far-"+one.name); err != nil {
			return err
		}
		return l.finish(one, one.name)
	}
	if err := l.Host.Bridge(one.name); err != nil {
		return err
	}
	for _, port := range one.ports {
		if err := netlab.Connect(l.Host, port, l.outside, "far-"+port); err != nil {
			return err
		}
		if err := l.Host.Enslave(port, one.name); err != nil {
			return err
		}
	}
	return l.finish(one, one.ports...)
}

// finish gives an interface its addresses, and takes hold of the far ends of it or of its ports.
func (l *Lab) finish(one link, ends ...string) error {
	if _, err := l.Host.Run(context.Background(), "", "ip", "link", "set", one.name, "arp", "off"); err != nil {
		return err
	}
	if err := l.Host.Address(one.name, one.addresses...); err != nil {
		return err
	}
	for _, end := range ends {
		mac := macOf(end)
		if _, err := l.outside.Run(context.Background(), "", "ip", "link", "set", "far-"+end, "address",
			net.HardwareAddr(mac[:]).String()); err != nil {
			return err
		}
		far, err := netlab.FarEnd(l.Host, one.name, l.outside, "far-"+end)
		if err != nil {
			return err
		}
		l.links[end] = far
	}
	return l.settle(one.name)
}

// settle tells the host and a bridge where the bridge's neighbours are: 253 of each family, for NAT to lead to.
func (l *Lab) settle(bridge string) error {
	port := neighbours[bridge]
	if port == "" {
		return nil
	}
	bytes := macOf(port)
	mac := net.HardwareAddr(bytes[:])
	if _, err := l.Host.Run(context.Background(), "", "bridge", "fdb", "replace", mac.String(), "dev", port, "master", "static"); err != nil {
		return err
	}
	return l.Host.Do(func() error {
		link, err := netlink.LinkByName(bridge)
		if err != nil {
			return err
		}
		for _, first := range map[string][]string{"docker0": {"172.17.0.2", "fd17::2"}, "br-app": {"172.18.0.2", "fd18::2"}}[bridge] {
			a := netip.MustParseAddr(first)
			for range 253 {
				neighbour := netlink.Neigh{LinkIndex: link.Attrs().Index, State: netlink.NUD_PERMANENT, IP: a.AsSlice(), HardwareAddr: mac}
				if err := netlink.NeighSet(&neighbour); err != nil {
					return fmt.Errorf("neighbour %s on %s: %w", a, bridge, err)
				}
				a = a.Next()
			}
		}
		return nil
	})
}

// identity is one that no packet of the last 60,000 had.
func (l *Lab) identity() uint32 {
	l.next = l.next%60000 + 1
	return l.next
}
