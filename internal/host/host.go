// Package host says what a Docker host is: its interfaces, its networks and their bridges, its containers and the ports
// they publish. It knows nothing of policy or rules.
//
// A Host is a value. It is collected live (Collect) or loaded from a snapshot (ReadSnapshot), and both give the same
// Host for the same machine. Its slices are sorted, so that equal hosts compare equal and print alike.
package host

import (
	"fmt"
	"net/netip"
	"time"
)

// Host is one machine as it was at one moment.
type Host struct {
	Captured   time.Time
	Name       string
	Engine     *Engine // nil: no Docker engine was asked
	Interfaces []Interface
	Routes     []Route
	Networks   []Network
	Containers []Container
	Services   []Service
}

// Engine is the Docker engine of the host.
type Engine struct {
	Version         string // "20.10.24"
	APIVersion      string // as negotiated, "1.41"
	FirewallBackend string // "iptables", "nftables", each perhaps with "+firewalld"; "" where the engine does not say (before 28.1)
	OperatingSystem string
	Rootless        bool
	LiveRestore     bool
	Swarm           bool
}

// Interface is one network interface of the host.
type Interface struct {
	Name      string
	Index     int
	Kind      string // as netlink names it: "bridge", "veth", "device", ...
	Loopback  bool
	Up        bool
	Master    string // the bridge or bond it belongs to
	Addresses []netip.Prefix
}

// Route is one unicast route of the main table.
type Route struct {
	Destination netip.Prefix
	Gateway     netip.Addr // invalid: on the link
	Interface   string
}

// Network is one Docker network.
type Network struct {
	ID       string
	Name     string
	Driver   string // "bridge", "macvlan", "ipvlan", "overlay", "host", "null"
	Bridge   string // the bridge's interface on the host; "" where the driver has none
	Internal bool
	Ingress  bool // swarm's routing mesh
	Subnets  []netip.Prefix
	Gateways []netip.Addr
	Mode     string // gateway mode: "" (nat), "routed", "nat-unprotected", "isolated"
}

// Container is one container, running or not.
type Container struct {
	ID            string
	Name          string
	Labels        map[string]string
	Project       string // of Docker Compose
	Service       string // of Docker Compose, or swarm's service name
	Running       bool   // running, paused or restarting: its ports are taken
	HostNetwork   bool   // --network host
	SharesNetwork string // ID of the container whose network this one joined
	Endpoints     []Endpoint
	Publications  []Publication
}

// Endpoint is a container's place on one network. An address that the network does not give is invalid.
type Endpoint struct {
	Network string // the network's name
	IPv4    netip.Addr
	IPv6    netip.Addr
}

// Publication is a container's port made reachable on the host, for one address family and one port.
type Publication struct {
	Protocol      Protocol
	HostAddress   netip.Addr // unspecified (0.0.0.0 or ::): every address of that family
	HostPort      uint16
	ContainerPort uint16
	Proxied       bool // docker-proxy, or the engine itself, listens on the host's port
}

// Service is a swarm service's port on the routing mesh: every node answers on it.
type Service struct {
	Name          string
	Protocol      Protocol
	HostPort      uint16
	ContainerPort uint16
}

// Protocol is an IP protocol that a policy can name.
type Protocol uint8

// The protocols, with their numbers on the wire. ICMP stands for the echo of both families.
const (
	ICMP Protocol = 1
	TCP  Protocol = 6
	UDP  Protocol = 17
	SCTP Protocol = 132
)

func (p Protocol) String() string {
	switch p {
	case ICMP:
		return "icmp"
	case TCP:
		return "tcp"
	case UDP:
		return "udp"
	case SCTP:
		return "sctp"
	}
	return fmt.Sprintf("protocol-%d", uint8(p))
}
