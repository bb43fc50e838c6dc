package host

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
)

func targetsHost() *Host {
	addr, prefix := netip.MustParseAddr, netip.MustParsePrefix
	pub := func(p Protocol, at string, hostPort, port uint16) Publication {
		return Publication{Protocol: p, HostAddress: addr(at), HostPort: hostPort, ContainerPort: port}
	}
	return &Host{
		Interfaces: []Interface{
			{Name: "lo", Loopback: true, Addresses: []netip.Prefix{prefix("127.0.0.1/8"), prefix("::1/128")}},
			{Name: "eno1", Addresses: []netip.Prefix{prefix("192.168.0.1/24"), prefix("203.0.113.10/32"),
				prefix("2001:db8::10/64"), prefix("fe80::10/64")}},
			{Name: "docker0", Addresses: []netip.Prefix{prefix("172.17.0.1/16"), prefix("fd00::1/64")}},
			{Name: "dummy0", Loopback: true},
		},
		Networks: []Network{
			{Name: "bridge", Bridge: "docker0", Subnets: []netip.Prefix{prefix("172.17.0.0/16"), prefix("fd00::/64")}},
			{Name: "again", Bridge: "docker0"},
			{Name: "lan", Driver: "macvlan", Subnets: []netip.Prefix{prefix("10.1.0.0/16")}},
		},
		Containers: []Container{
			{ID: "web", Name: "web", Running: true,
				Endpoints: []Endpoint{{"bridge", addr("172.17.0.2"), addr("fd00::2")}, {"lan", addr("10.1.0.2"), netip.Addr{}}},
				Publications: []Publication{
					pub(TCP, "0.0.0.0", 80, 8080), pub(TCP, "::", 80, 8080), pub(TCP, "192.168.0.1", 443, 8443),
					pub(TCP, "127.0.0.1", 9001, 9001), pub(UDP, "0.0.0.0", 53, 53), pub(UDP, "192.168.0.1", 54, 54)}},
			{ID: "side", Name: "side", Running: true, SharesNetwork: "web",
				Publications: []Publication{pub(TCP, "0.0.0.0", 81, 81)}},
			{ID: "hostnet", Name: "hostnet", Running: true, HostNetwork: true},
			{ID: "orphan", Name: "orphan", Running: true, SharesNetwork: "gone"},
			{ID: "circle", Name: "circle", Running: true, SharesNetwork: "circle"},
			{ID: "old", Name: "old", Endpoints: []Endpoint{{"bridge", addr("172.17.0.3"), netip.Addr{}}},
				Publications: []Publication{pub(TCP, "0.0.0.0", 82, 82)}},
		},
		Services: []Service{{Name: "mesh", Protocol: TCP, HostPort: 7000, ContainerPort: 70}},
	}
}

func TestTargets(t *testing.T) {
	h := targetsHost()
	for _, test := range []struct {
		dst  string
		p    Protocol
		port uint16
		want string // way, container or service, port; "": none
	}{
		{"203.0.113.10", TCP, 80, "published web 8080"},
		{"192.168.0.1", TCP, 80, "published web 8080"},
		{"172.17.0.1", TCP, 80, "published web 8080"}, // the gateway is an address of the host
		{"127.0.0.1", TCP, 80, "published web 8080"},
		{"127.9.9.9", TCP, 80, "published web 8080"},
		{"2001:db8::10", TCP, 80, "published web 8080"},
		{"fe80::10%eno1", TCP, 80, "published web 8080"},
		{"::ffff:203.0.113.10", TCP, 80, "published web 8080"},
		{"203.0.113.99", TCP, 80, ""}, // forwarded somewhere else
		{"2001:db8::99", TCP, 80, ""},
		{"203.0.113.10", UDP, 80, ""},
		{"203.0.113.10", TCP, 8080, ""},
		{"192.168.0.1", TCP, 443, "published web 8443"},
		{"203.0.113.10", TCP, 443, ""}, // published on the other address
		{"2001:db8::10", TCP, 443, ""},
		{"127.0.0.1", TCP, 9001, "published web 9001"},
		{"127.0.0.2", TCP, 9001, ""},
		{"192.168.0.1", TCP, 9001, ""},
		{"192.168.0.1", UDP, 53, "published web 53"},
		{"192.168.0.255", UDP, 53, "published web 53"}, // docker-proxy hears broadcasts
		{"255.255.255.255", UDP, 53, "published web 53"},
		{"224.0.0.251", UDP, 53, "published web 53"},
		{"192.168.0.255", UDP, 54, ""},
		{"192.168.0.255", TCP, 80, ""},
		{"2001:db8::10", UDP, 53, ""}, // published over IPv4 only
		{"203.0.113.10", ICMP, 0, ""},
		{"172.17.0.2", TCP, 8080, "direct web 8080"},
		{"172.17.0.2", TCP, 22, "direct web 22"},
		{"172.17.0.2", ICMP, 0, "direct web 0"},
		{"fd00::2", TCP, 8080, "direct web 8080"},
		{"172.17.0.3", TCP, 82, "direct nobody 82"}, // a stopped container is none
		{"172.17.9.9", UDP, 1, "direct nobody 1"},
		{"fd00::1", TCP, 9999, ""}, // the gateway
		{"10.1.0.2", TCP, 80, ""},  // macvlan: not through the host
		{"203.0.113.10", TCP, 81, ""},
		{"203.0.113.10", TCP, 82, ""},
		{"203.0.113.10", TCP, 7000, "mesh mesh 70"},
		{"2001:db8::10", TCP, 7000, "mesh mesh 70"},
		{"172.17.0.2", TCP, 7000, "direct web 7000"},
		{"203.0.113.99", TCP, 7000, ""},
	} {
		t.Run(fmt.Sprintf("%s %d %s", test.dst, test.port, test.p), func(t *testing.T) {
			targets := h.Targets(netip.MustParseAddr(test.dst), test.p, test.port)
			if got := describe(t, targets); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// describe words a single target, and looks whether its fields go together.
func describe(t *testing.T, targets []Target) string {
	t.Helper()
	if len(targets) == 0 {
		return ""
	}
	if len(targets) > 1 {
		t.Errorf("%d targets", len(targets))
	}
	x := targets[0]
	name := "nobody"
	switch {
	case x.Service != nil:
		name = x.Service.Name
	case x.Container != nil:
		name = x.Container.Name
	}
	if (x.Way == Published) != (x.Publication != nil) || (x.Way == Mesh) != (x.Service != nil) {
		t.Errorf("%s target with publication %v and service %v", x.Way, x.Publication, x.Service)
	}
	return fmt.Sprintf("%s %s %d", x.Way, name, x.Port)
}

func TestOwner(t *testing.T) {
	h := targetsHost()
	owners := map[string]string{"web": "web", "side": "web", "hostnet": "", "orphan": "", "circle": "", "old": "old"}
	for id, want := range owners {
		got := h.Owner(h.ContainerByID(id))
		if got == nil && want != "" || got != nil && got.ID != want {
			t.Errorf("the owner of %s's network is %v, want %q", id, got, want)
		}
	}
	if h.ContainerByID("nobody") != nil {
		t.Error("a container that is not there was found")
	}
}

func TestInside(t *testing.T) {
	h := targetsHost()
	if got := h.Bridges(); !slices.Equal(got, []string{"docker0"}) {
		t.Errorf("bridges %v", got)
	}
	inside := map[string]bool{"lo": true, "docker0": true, "dummy0": true, "eno1": false, "wg0": false, "": false}
	for iface, want := range inside {
		if h.Inside(iface) != want {
			t.Errorf("Inside(%q) is %v", iface, !want)
		}
	}
	if !(&Host{}).Inside("lo") {
		t.Error("lo is outside of a host of which nothing is known")
	}
}
