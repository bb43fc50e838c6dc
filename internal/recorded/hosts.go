package recorded

import (
	_ "embed"

	"github.com/dockwall/dockwall/internal/testbed"
)

// bed is an engine whose host is recorded, in one state or several.
type bed struct {
	name     string // of the recordings: "docker-26.1", and with dockwall "docker-26.1-nftables"
	engine   testbed.EngineOptions
	backends []string // that the host is recorded with besides
	beside   *firewall
}

// firewall is another program of the host that makes rules: Debian's, set up by a script.
type firewall struct {
	packages  []string
	script    string
	variables []string
	first     bool // it is there before Docker starts
}

var (
	//go:embed setup/firewalld.sh
	firewalldScript string
	//go:embed setup/fail2ban.sh
	fail2banScript string
)

func firewalld(variables ...string) *firewall {
	return &firewall{[]string{"firewalld", "dbus", "nftables", "ipset"}, firewalldScript, variables, true}
}

func fail2ban(variables ...string) *firewall {
	return &firewall{[]string{"fail2ban", "nftables", "ipset"}, fail2banScript, variables, false}
}

var both = []string{"nftables", "iptables"}

// beds are what is recorded: each engine without dockwall and with either backend, and once what changes a host's rules
// or what docker-proxy serves.
var beds = []bed{
	{"docker-20.10", testbed.EngineOptions{Suite: "bookworm"}, both, nil},
	{"docker-26.1", testbed.EngineOptions{Suite: "trixie"}, both, nil},
	{"docker-28.5", testbed.EngineOptions{Suite: "forky"}, both, nil},
	{"docker-20.10-legacy", testbed.EngineOptions{Suite: "bookworm", Legacy: true}, []string{"iptables"}, nil},
	{"docker-26.1-noproxy", testbed.EngineOptions{Suite: "trixie", Flags: []string{"--userland-proxy=false"}}, []string{"nftables"}, nil},
	{"docker-26.1-ipv6", testbed.EngineOptions{Suite: "trixie",
		Flags: []string{"--experimental", "--ip6tables", "--ipv6", "--fixed-cidr-v6=fd17::/64"}}, nil, nil},
	{"docker-26.1-firewalld", testbed.EngineOptions{Suite: "trixie"}, both, firewalld("BACKEND=nftables", "STRICT=no")},
	{"docker-26.1-firewalld-strict", testbed.EngineOptions{Suite: "trixie"}, nil, firewalld("BACKEND=nftables", "STRICT=yes")},
	{"docker-20.10-firewalld-xt", testbed.EngineOptions{Suite: "bookworm"}, nil, firewalld("BACKEND=iptables", "STRICT=no")},
	{"docker-26.1-fail2ban", testbed.EngineOptions{Suite: "trixie"}, []string{"nftables"}, fail2ban("ACTIONS=all")},
	{"docker-20.10-fail2ban-legacy", testbed.EngineOptions{Suite: "bookworm", Legacy: true}, nil, fail2ban("ACTIONS=iptables")},
}

// shop is the network and the containers on every host. Addresses are fixed where the engine lets them be, and
// otherwise follow from the order in which containers are started.
var (
	front = testbed.Network{Name: "shop_front", Subnets: []string{"172.30.0.0/24", "fd30::/64"},
		Options: map[string]string{"com.docker.network.bridge.name": "br-front"}}
	link = testbed.Network{Name: "lan", Driver: "macvlan", Subnets: []string{"10.99.0.0/24"},
		Options: map[string]string{"parent": "eno2"}}

	shop = []testbed.Container{
		{Name: "clickhouse", Listen: []string{"8123/tcp"}, Publish: []string{"8123:8123"}},
		{Name: "nginx", Listen: []string{"80/tcp"}, Publish: []string{"7777:80"}},
		{Name: "dns", Listen: []string{"53/udp"}, Publish: []string{"192.168.0.1:53:53/udp"}},
		{Name: "local", Listen: []string{"80/tcp"}, Publish: []string{"127.0.0.1:9001:80"}},
		{Name: "web", Listen: []string{"80/tcp", "81/tcp"}, Publish: []string{"80:80"}, Networks: []string{front.Name},
			IPv4: "172.30.0.20", IPv6: "fd30::20"},
		{Name: "agent", Listen: []string{"9999/tcp"}, Networks: []string{"host"}},
		{Name: "printer", Listen: []string{"631/tcp"}, Networks: []string{link.Name}, IPv4: "10.99.0.31"},
	}
)

// dialled is what every client outside dials: published ports over both families, a port of the host's own network, one
// that is published on loopback only, and one on one address only.
var dialled = []struct{ network, port string }{
	{"tcp", "8123"}, {"tcp", "7777"}, {"tcp", "80"}, {"tcp", "9999"}, {"tcp", "9001"}, {"udp", "53"},
}

// own are containers' own addresses, with ports that are published and that are not; those beside the host dial them.
var own = []struct{ network, address string }{
	{"tcp", "172.17.0.2:8123"}, {"tcp", "172.30.0.20:80"}, {"tcp", "172.30.0.20:81"}, {"tcp", "[fd30::20]:80"}, {"tcp", "[fd30::20]:81"},
}
