package story

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dockwall/dockwall/internal/host"
	"github.com/dockwall/dockwall/internal/netfilter"
	"github.com/dockwall/dockwall/internal/netfilter/capture"
	"github.com/dockwall/dockwall/internal/walk"
)

// recorded is a recorded host as a scene.
func recorded(t *testing.T, name string) Scene {
	t.Helper()
	m, h, err := capture.Recording(filepath.Join("../host/testdata/hosts", name))
	if err != nil {
		t.Fatal(err)
	}
	return Scene{m, h}
}

// Where packets set out, by which interface they arrive, and which address was dialled.
func TestAsk(t *testing.T) {
	s := recorded(t, "docker-29.7-iptables")
	for _, test := range []struct {
		r    Request
		want string
	}{
		{Request{From: "198.51.100.7", Target: "8123/tcp"}, "198.51.100.7:40000 → 203.0.113.10:8123/tcp, arriving on eno1"},
		{Request{From: "192.168.0.7", Target: "8123/tcp"}, "192.168.0.7:40000 → 192.168.0.1:8123/tcp, arriving on eno1"},
		{Request{From: "192.168.0.7:99", Target: "53/udp"}, "192.168.0.7:99 → 192.168.0.1:53/udp, arriving on eno1"},
		{Request{From: "192.168.0.7", Target: "8123/tcp", In: "docker0"},
			"192.168.0.7:40000 → 172.17.0.1:8123/tcp, arriving on docker0"},
		{Request{From: "2001:db8::7", Target: "icmp"}, "2001:db8::7 → 2001:db8::10/icmpv6, arriving on eno1"},
		{Request{From: "dualstack", Target: "2001:db8::7", To: ""}, ""},
		{Request{From: "dualstack", Target: "[2001:db8::7]:80"},
			"[fd00:77::2]:40000 → [2001:db8::7]:80/tcp, arriving on br-4b473023c7fb"},
		{Request{From: "shop/web", Target: "shop/db:80"}, "172.19.0.2:40000 → 172.19.0.3:80/tcp, arriving on br-77b0cd044649"},
		{Request{From: "shop/web", Target: "1.1.1.1:80"}, "172.18.0.2:40000 → 1.1.1.1:80/tcp, arriving on br-415dc2272831"},
		{Request{From: "shop/web", Target: "80/tcp", In: "br-77b0cd044649"},
			"172.19.0.2:40000 → 172.19.0.1:80/tcp, arriving on br-77b0cd044649"},
		{Request{From: "hostnet", Target: "redis:80"}, "172.17.0.1:40000 → 172.17.0.3:80/tcp, made by this host"},
		{Request{From: "host", Target: "8123/tcp"}, "127.0.0.1:40000 → 127.0.0.1:8123/tcp, made by this host"},
		{Request{From: "203.0.113.10", Target: "redis:80"}, "203.0.113.10:40000 → 172.17.0.3:80/tcp, made by this host"},
		{Request{From: "203.0.113.10", Target: "redis:80", In: "eno1"}, "203.0.113.10:40000 → 172.17.0.3:80/tcp, arriving on eno1"},
		{Request{From: "198.51.100.7", To: "hostnet", Target: "80/tcp"}, "198.51.100.7:40000 → 203.0.113.10:80/tcp, arriving on eno1"},
	} {
		got := ""
		if q, err := s.Ask(test.r); err == nil {
			got = s.title(q.Packet, walk.First)
		}
		if got != test.want {
			t.Errorf("%+v: %q, want %q", test.r, got, test.want)
		}
	}
}

// crowd is a host of which only containers are known.
func crowd(containers ...host.Container) Scene {
	return Scene{&netfilter.Machine{}, &host.Host{Containers: containers,
		Networks: []host.Network{{Name: "lan", Driver: "macvlan"}, {Name: "bridge", Driver: "bridge", Bridge: "docker0"}}}}
}

// Ends that cannot be one are errors that name what is wrong.
func TestAskErrors(t *testing.T) {
	web := host.Container{ID: "1", Name: "web-1", Project: "shop", Service: "web", Running: true}
	twin := host.Container{ID: "2", Name: "web-2", Project: "shop", Service: "web", Running: true}
	for want, s := range map[string]Scene{
		"shop/web is run by web-1, web-2: name one of them": crowd(web, twin),
		"is not running":                       crowd(host.Container{Name: "shop/web"}),
		"uses the network of one that is gone": crowd(host.Container{Name: "shop/web", Running: true, SharesNetwork: "9"}),
		"(macvlan), whose packets do not pass": crowd(host.Container{Name: "shop/web", Running: true, Endpoints: []host.Endpoint{{Network: "lan"}}}),
		"no IPv4 address on a bridge":          crowd(host.Container{Name: "shop/web", Running: true, Endpoints: []host.Endpoint{{Network: "bridge"}}}),
		`there is no container "shop/web"`:     crowd(host.Container{Name: "something", Running: true}),
		"nothing is known of containers here":  crowd(),
	} {
		_, err := s.Ask(Request{From: "shop/web", Target: "1.1.1.1:80/tcp", In: ""})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want it to say %q", err, want)
		}
	}
}

// Of several interfaces to outside none is guessed.
func TestAskWhichInterface(t *testing.T) {
	s := crowd()
	for i := range 2 {
		s.Machine.Interfaces = append(s.Machine.Interfaces, host.Interface{Name: fmt.Sprintf("eno%d", i+1), Up: true})
	}
	_, err := s.Ask(Request{From: "198.51.100.7", Target: "203.0.113.10:80/tcp"})
	if err == nil || !strings.Contains(err.Error(), "name it with --in (eno1, eno2)") {
		t.Errorf("the error is %v", err)
	}
}
