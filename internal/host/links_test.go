package host

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"github.com/dockwall/dockwall/internal/netlab"
)

// lab makes a namespace like a small Docker host's: eno1 to a neighbour, docker0 with a port, both families.
func lab(t *testing.T) *netlab.Namespace {
	t.Helper()
	netlab.Need(t)
	server, neighbour := namespace(t), namespace(t)
	for _, err := range []error{
		netlab.Connect(server, "eno1", neighbour, "eth0"),
		server.Address("eno1", "203.0.113.10/24", "192.168.0.1/24", "2001:db8::10/64"),
		server.Bridge("docker0", "172.17.0.1/16"),
		netlab.Connect(server, "veth1", neighbour, "eth1"),
		server.Enslave("veth1", "docker0"),
		server.Route(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr("203.0.113.1")),
		server.Route(netip.MustParsePrefix("::/0"), netip.MustParseAddr("2001:db8::1")),
		server.Do(addOddRoutes),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return server
}

func namespace(t *testing.T) *netlab.Namespace {
	t.Helper()
	n, err := netlab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// addOddRoutes adds a route with two next hops, one by a gateway of the other family, and one that is not unicast.
func addOddRoutes() error {
	link, err := netlink.LinkByName("eno1")
	if err != nil {
		return err
	}
	dst := func(s string) *net.IPNet { _, n, _ := net.ParseCIDR(s); return n }
	hop := func(gw string) *netlink.NexthopInfo {
		return &netlink.NexthopInfo{LinkIndex: link.Attrs().Index, Gw: net.ParseIP(gw)}
	}
	eno1, via := link.Attrs().Index, &netlink.Via{AddrFamily: netlink.FAMILY_V6, Addr: net.ParseIP("fe80::1")}
	for _, r := range []*netlink.Route{
		{Dst: dst("10.1.0.0/16"), MultiPath: []*netlink.NexthopInfo{hop("203.0.113.2"), hop("203.0.113.3")}},
		{Dst: dst("10.2.0.0/16"), LinkIndex: eno1, Via: via},
		{Dst: dst("10.3.0.0/16"), Type: 7}, // unreachable
	} {
		if err := netlink.RouteAdd(r); err != nil {
			return err
		}
	}
	return nil
}

func collectIn(t *testing.T, n *netlab.Namespace, o Options) (h *Host) {
	t.Helper()
	err := n.Do(func() (err error) {
		h, err = Collect(context.Background(), o)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestCollectLinks(t *testing.T) {
	h := collectIn(t, lab(t), Options{DockerHost: recordedEngine(t, "docker-20.10-iptables").start(t)})
	addresses := map[string][]string{
		"lo": {"127.0.0.1/8", "::1/128"}, "docker0": {"172.17.0.1/16"}, "veth1": nil,
		"eno1": {"192.168.0.1/24", "203.0.113.10/24", "2001:db8::10/64"},
	}
	for name, want := range addresses {
		i := slices.IndexFunc(h.Interfaces, func(i Interface) bool { return i.Name == name })
		if i < 0 {
			t.Fatalf("no interface %s in %+v", name, h.Interfaces)
		}
		checkInterface(t, h.Interfaces[i], want)
	}
	wantRoutes := []string{
		"0.0.0.0/0 203.0.113.1 eno1", "10.1.0.0/16 203.0.113.2 eno1", "10.1.0.0/16 203.0.113.3 eno1",
		"10.2.0.0/16 fe80::1 eno1",
		"172.17.0.0/16 invalid IP docker0", "192.168.0.0/24 invalid IP eno1", "203.0.113.0/24 invalid IP eno1",
		"::/0 2001:db8::1 eno1", "2001:db8::/64 invalid IP eno1",
	}
	var routes []string
	for _, r := range h.Routes {
		if r.Destination.Addr().IsLinkLocalUnicast() {
			continue // one for each interface
		}
		routes = append(routes, r.Destination.String()+" "+r.Gateway.String()+" "+r.Interface)
	}
	if diff := cmp.Diff(wantRoutes, routes); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	if want := []netip.Addr{netip.MustParseAddr("172.17.0.1")}; !slices.Equal(h.network("bridge").Gateways, want) {
		t.Errorf("gateways %v, want docker0's address, which the engine leaves out", h.network("bridge").Gateways)
	}
}

func checkInterface(t *testing.T, i Interface, addresses []string) {
	t.Helper()
	kinds := map[string]string{"lo": "device", "eno1": "veth", "veth1": "veth", "docker0": "bridge"}
	masters := map[string]string{"veth1": "docker0"}
	var got []string
	for _, a := range i.Addresses {
		if !a.Addr().IsLinkLocalUnicast() {
			got = append(got, a.String())
		}
	}
	if !i.Up || i.Loopback != (i.Name == "lo") {
		t.Errorf("interface %+v: up and loopback are wrong", i)
	}
	if !slices.Equal(got, addresses) || i.Kind != kinds[i.Name] || i.Master != masters[i.Name] {
		t.Errorf("interface %+v, want kind %s, master %q and %v", i, kinds[i.Name], masters[i.Name], addresses)
	}
}

// Docker-proxy is whoever listens at the port, in the namespace that is looked at and nowhere else.
func TestCollectProxied(t *testing.T) {
	server := lab(t)
	engine := recordedEngine(t, "docker-28.5-iptables").start(t)
	var sockets []interface{ Close() error }
	err := server.Do(func() error {
		for _, listen := range []struct{ network, address string }{
			{"tcp4", "0.0.0.0:8123"}, {"tcp6", "[::]:6379"}, {"tcp4", "127.0.0.1:9001"}, {"tcp4", "192.168.0.1:7777"},
		} {
			l, err := net.Listen(listen.network, listen.address)
			if err != nil {
				return err
			}
			sockets = append(sockets, l)
		}
		conn, err := net.ListenPacket("udp6", "[::]:5353")
		sockets = append(sockets, conn)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var proxied []string
	for _, c := range collectIn(t, server, Options{DockerHost: engine}).Containers {
		for _, p := range c.Publications {
			if p.Proxied {
				proxied = append(proxied, netip.AddrPortFrom(p.HostAddress, p.HostPort).String()+"/"+p.Protocol.String())
			}
		}
	}
	for _, s := range sockets {
		s.Close()
	}
	slices.Sort(proxied)
	want := []string{"0.0.0.0:8123/tcp", "127.0.0.1:9001/tcp", "[::]:5353/udp", "[::]:6379/tcp"}
	if diff := cmp.Diff(want, proxied); diff != "" {
		t.Errorf("served by a proxy (-want +got):\n%s", diff)
	}
}
