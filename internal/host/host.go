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
	Captured time.Time `json:"captured"`
	Name     string    `json:"name"`
	Engine   *Engine   `json:"engine,omitempty"` // nil: no Docker engine was asked
	// Iptables is the iptables that carries Docker's chains: "nft", "legacy" or "" (neither).
	Iptables   string      `json:"iptables,omitempty"`
	Interfaces []Interface `json:"interfaces,omitempty"`
	Routes     []Route     `json:"routes,omitempty"`
	Networks   []Network   `json:"networks,omitempty"`
	Containers []Container `json:"containers,omitempty"`
	Services   []Service   `json:"services,omitempty"`
	Warnings   []string    `json:"warnings,omitempty"` // sentences: what no gate on this host can cover, and why
}

// Engine is the Docker engine of the host.
type Engine struct {
	Version    string `json:"version"`     // "20.10.24"
	APIVersion string `json:"api_version"` // as negotiated, "1.41"
	// FirewallBackend is "iptables" or "nftables", each perhaps with "+firewalld"; "" from engines before 28.1.
	FirewallBackend string `json:"firewall_backend,omitempty"`
	OperatingSystem string `json:"operating_system,omitempty"`
	Rootless        bool   `json:"rootless,omitempty"`
	LiveRestore     bool   `json:"live_restore,omitempty"`
	Swarm           bool   `json:"swarm,omitempty"`
}

// Interface is one network interface of the host.
type Interface struct {
	Name      string         `json:"name"`
	Index     int            `json:"index"`
	Kind      string         `json:"kind"` // as netlink names it: "bridge", "veth", "device", ...
	Loopback  bool           `json:"loopback,omitempty"`
	Up        bool           `json:"up,omitempty"`
	Master    string         `json:"master,omitempty"` // the bridge or bond it belongs to
	Addresses []netip.Prefix `json:"addresses,omitempty"`
}

// Route is one unicast route of the main table.
type Route struct {
	Destination netip.Prefix `json:"destination"`
	Gateway     netip.Addr   `json:"gateway,omitzero"` // invalid: on the link
	Interface   string       `json:"interface"`
	Metric      int          `json:"metric,omitempty"` // of several routes to one destination the lowest is taken
}

// Network is one Docker network. Docker's alphabet is letters, digits and "_.-". A mode is a gateway mode.
type Network struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`             // Docker's alphabet, or the short ID in place of it
	Driver   string         `json:"driver"`           // "bridge", "macvlan", "ipvlan", "overlay", "host", "null"
	Bridge   string         `json:"bridge,omitempty"` // the bridge's interface on the host; "" where the driver has none
	Internal bool           `json:"internal,omitempty"`
	Ingress  bool           `json:"ingress,omitempty"` // swarm's routing mesh
	Subnets  []netip.Prefix `json:"subnets,omitempty"`
	Gateways []netip.Addr   `json:"gateways,omitempty"`
	Mode     string         `json:"mode,omitempty"`      // of IPv4: "" (nat), "routed", "nat-unprotected", "isolated"
	Mode6    string         `json:"mode_ipv6,omitempty"` // of IPv6
}

// Container is one container, running or not.
type Container struct {
	ID            string            `json:"id"`
	Name          string            `json:"name"`                     // Docker's alphabet, or the short ID
	Labels        map[string]string `json:"labels,omitempty"`         // anybody's text: data, never part of a rule
	Project       string            `json:"project,omitempty"`        // of Docker Compose
	Service       string            `json:"service,omitempty"`        // of Docker Compose, or swarm's service name
	Running       bool              `json:"running,omitempty"`        // running, paused or restarting: its ports are taken
	HostNetwork   bool              `json:"host_network,omitempty"`   // --network host
	SharesNetwork string            `json:"shares_network,omitempty"` // ID of the container whose network this one joined
	Endpoints     []Endpoint        `json:"endpoints,omitempty"`
	Publications  []Publication     `json:"publications,omitempty"`
	Privileged    bool              `json:"privileged,omitempty"`    // --privileged: it can do all that root of the host can
	DockerSocket  bool              `json:"docker_socket,omitempty"` // the engine's socket is mounted: it can start such a container
}

// Endpoint is a container's place on one network. An address that the network does not give is invalid.
type Endpoint struct {
	Network string     `json:"network"` // the network's name
	IPv4    netip.Addr `json:"ipv4,omitzero"`
	IPv6    netip.Addr `json:"ipv6,omitzero"`
}

// Publication is a container's port made reachable on the host, for one address family and one port.
type Publication struct {
	Protocol      Protocol   `json:"protocol"`
	HostAddress   netip.Addr `json:"host_address"` // unspecified (0.0.0.0 or ::): every address of that family
	HostPort      uint16     `json:"host_port"`
	ContainerPort uint16     `json:"container_port"`
	Proxied       bool       `json:"proxied,omitempty"` // docker-proxy, or the engine itself, listens on the host's port
}

// Service is a swarm service's port on the routing mesh: every node answers on it.
type Service struct {
	Name          string   `json:"name"`
	Protocol      Protocol `json:"protocol"`
	HostPort      uint16   `json:"host_port"`
	ContainerPort uint16   `json:"container_port"`
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

func (p Protocol) known() bool { return p == ICMP || p == TCP || p == UDP || p == SCTP }

// ParseProtocol is the protocol of a name as String gives it.
func ParseProtocol(name string) (Protocol, error) {
	for _, p := range []Protocol{ICMP, TCP, UDP, SCTP} {
		if p.String() == name {
			return p, nil
		}
	}
	return 0, fmt.Errorf("%q is no protocol: it must be tcp, udp, sctp or icmp", name)
}

// MarshalText gives the name, for JSON.
func (p Protocol) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText takes the name.
func (p *Protocol) UnmarshalText(text []byte) (err error) {
	*p, err = ParseProtocol(string(text))
	return err
}
