package randworld

import (
	"fmt"
	"net/netip"

	"pgregory.net/rapid"

	"github.com/dockwall/dockwall/internal/host"
)

// Hosts are Docker hosts with up to three bridges and five containers.
func Hosts() *rapid.Generator[*host.Host] {
	return rapid.Custom(func(t *rapid.T) *host.Host {
		m := &hostMaker{t: t, host: &host.Host{Name: "random", Interfaces: outsideInterfaces()}}
		m.host.Engine = &host.Engine{Version: "28.5.2"}
		m.networks()
		for i := range rapid.IntRange(0, 5).Draw(t, "containers") {
			m.container(i)
		}
		if oneIn(t, 4, "swarm") {
			m.service()
		}
		return m.host
	})
}

// hostMaker makes one host.
type hostMaker struct {
	t     *rapid.T
	host  *host.Host
	taken []host.Publication // by running containers and services
}

// networks adds bridge networks of one or both families, and perhaps one without a bridge.
func (m *hostMaker) networks() {
	m.bridge("bridge", "docker0", 17, true, oneIn(m.t, 4, "docker0 has IPv6"))
	if !oneIn(m.t, 4, "only docker0") {
		m.bridge("shop_front", "br-front", 18, true, rapid.Bool().Draw(m.t, "front has IPv6"))
	}
	if oneIn(m.t, 2, "back") {
		m.bridge("shop_back", "br-back", 19, !oneIn(m.t, 3, "back has no IPv4"), true)
	}
	if oneIn(m.t, 4, "macvlan") {
		m.host.Networks = append(m.host.Networks, host.Network{ID: "4d", Name: "lan", Driver: "macvlan",
			Subnets: prefixes("192.168.0.0/24")})
	}
}

func (m *hostMaker) bridge(name, bridge string, number int, v4, v6 bool) {
	n := host.Network{ID: fmt.Sprint(number), Name: name, Driver: "bridge", Bridge: bridge}
	i := host.Interface{Name: bridge, Index: len(m.host.Interfaces) + 1, Kind: "bridge", Up: true}
	add := func(subnet netip.Prefix) {
		gateway := subnet.Addr().Next()
		n.Subnets = append(n.Subnets, subnet)
		n.Gateways = append(n.Gateways, gateway)
		i.Addresses = append(i.Addresses, netip.PrefixFrom(gateway, subnet.Bits()))
	}
	if v4 {
		add(netip.MustParsePrefix(fmt.Sprintf("172.%d.0.0/16", number)))
	}
	if v6 {
		add(netip.MustParsePrefix(fmt.Sprintf("fd00:%d::/64", number)))
	}
	m.host.Networks = append(m.host.Networks, n)
	m.host.Interfaces = append(m.host.Interfaces, i)
}

// identity is what a container is called.
type identity struct {
	name, project, service string
	labels                 map[string]string
}

func identities() []identity {
	return []identity{
		{name: "web", labels: map[string]string{"role": "front"}},
		{name: "db", labels: map[string]string{"role": "db"}},
		{name: "shop-web-1", project: "shop", service: "web", labels: map[string]string{"role": "front"}},
		{name: "shop-web-2", project: "shop", service: "web", labels: map[string]string{"role": ""}},
		{name: "task", service: "web"}, // of swarm: its service is called like a container,
	}
}

// container adds the i-th container: on the host's network, in another's, or on one or two networks.
func (m *hostMaker) container(i int) {
	id := identities()[i]
	c := host.Container{ID: fmt.Sprintf("%064x", i+1), Name: id.name, Project: id.project, Service: id.service,
		Labels: map[string]string{}, Running: !oneIn(m.t, 6, "stopped")}
	for key, value := range id.labels {
		c.Labels[key] = value
	}
	if rapid.Bool().Draw(m.t, "labelled") {
		c.Labels["dockwall.allow"] = labelSentence(m.t)
	}
	switch kind := rapid.IntRange(0, 9).Draw(m.t, "kind"); {
	case kind == 9:
		c.HostNetwork = true
	case kind == 8 && i > 0:
		c.SharesNetwork = pick(m.t, "joined", m.host.Containers...).ID
	default:
		m.endpoints(&c, i)
		m.publications(&c)
	}
	m.host.Containers = append(m.host.Containers, c)
}

func (m *hostMaker) endpoints(c *host.Container, i int) {
	networks := rapid.SliceOfNDistinct(rapid.SampledFrom(m.host.Networks), 1, min(2, len(m.host.Networks)),
		func(n host.Network) string { return n.Name }).Draw(m.t, "networks")
	for _, n := range networks {
		e := host.Endpoint{Network: n.Name}
		for _, subnet := range n.Subnets {
			address := subnet.Addr()
			if n.Bridge == "" { // the host's own link: not where its clients are
				address = netip.MustParseAddr("192.168.0.100")
			}
			for range i + 2 {
				address = address.Next()
			}
			if address.Is4() {
				e.IPv4 = address
			} else {
				e.IPv6 = address
			}
		}
		c.Endpoints = append(c.Endpoints, e)
	}
}

// publications adds up to three published ports.
func (m *hostMaker) publications(c *host.Container) {
	for range rapid.IntRange(0, 3).Draw(m.t, "publications") {
		protocol, port := pick(m.t, "protocol", protocols()...), pick(m.t, "host port", hostPorts()...)
		containerPort := pick(m.t, "container port", containerPorts()...)
		for _, address := range m.publishedOn() {
			m.publish(c, host.Publication{Protocol: protocol, HostAddress: address, HostPort: port,
				ContainerPort: containerPort, Proxied: rapid.Bool().Draw(m.t, "proxied")})
		}
	}
}

// publishedOn are the host addresses of one `-p`.
func (m *hostMaker) publishedOn() []netip.Addr {
	return addresses(pick(m.t, "published on",
		[]string{"0.0.0.0", "::"}, []string{"0.0.0.0", "::"}, []string{"0.0.0.0"}, []string{"::"},
		[]string{"203.0.113.10"}, []string{"192.168.0.1"}, []string{"10.8.0.1"}, []string{"2001:db8::10"},
		[]string{"127.0.0.1"}, []string{"::1"}, []string{"127.0.0.1", "192.168.0.1"})...)
}

// publish adds a publication, unless a running container has the port already.
func (m *hostMaker) publish(c *host.Container, p host.Publication) {
	if c.Running {
		for _, other := range m.taken {
			if collide(p, other) {
				return
			}
		}
		m.taken = append(m.taken, p)
	}
	c.Publications = append(c.Publications, p)
}

func collide(a, b host.Publication) bool {
	return a.Protocol == b.Protocol && a.HostPort == b.HostPort && a.HostAddress.Is4() == b.HostAddress.Is4() &&
		(a.HostAddress == b.HostAddress || a.HostAddress.IsUnspecified() || b.HostAddress.IsUnspecified())
}

// service adds a swarm service on a port that no container has.
func (m *hostMaker) service() {
	s := host.Service{Name: "stack_web", Protocol: pick(m.t, "service protocol", host.TCP, host.UDP),
		HostPort: pick(m.t, "service port", hostPorts()...), ContainerPort: 80}
	for _, other := range m.taken {
		if other.Protocol == s.Protocol && other.HostPort == s.HostPort {
			return
		}
	}
	m.host.Services = append(m.host.Services, s)
}
