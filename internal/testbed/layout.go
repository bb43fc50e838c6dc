package testbed

import (
	"fmt"
	"net/netip"

	"github.com/dockwall/dockwall/internal/netlab"
)

// layout is the machines and what joins them.
type layout struct {
	stations   map[string]*Station
	namespaces []*netlab.Namespace
}

func (n *layout) close() {
	for _, namespace := range n.namespaces {
		namespace.Close()
	}
}

func (n *layout) add(name string) (*netlab.Namespace, error) {
	namespace, err := netlab.New()
	if err != nil {
		return nil, err
	}
	n.namespaces = append(n.namespaces, namespace)
	n.stations[name] = &Station{Name: name, namespace: namespace}
	// Docker closes forwarding as a whole where it had to enable it; a host that routes has it on before.
	for _, sysctl := range []string{"ipv4/ip_forward", "ipv6/conf/all/forwarding"} {
		if err := namespace.Sysctl(sysctl, forwards(name)); err != nil {
			return nil, err
		}
	}
	return namespace, namespace.Sysctl("ipv6/conf/default/addr_gen_mode", "1") // link-local addresses as written above
}

func forwards(name string) string {
	if name == "host" || name == "router" {
		return "1"
	}
	return "0"
}

// buildNetwork makes all machines but the host's engine.
func buildNetwork() (*layout, error) {
	n := &layout{stations: map[string]*Station{}}
	if err := n.build(); err != nil {
		n.close()
		return nil, fmt.Errorf("building the testbed's network: %w", err)
	}
	return n, nil
}

func (n *layout) build() error {
	link, err := n.add("link")
	if err != nil {
		return err
	}
	if err := link.Bridge("switch"); err != nil {
		return err
	}
	for _, m := range machines {
		if err := n.join(link, m); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	for _, s := range stubs {
		if err := n.attach(s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// join puts a machine on the link.
func (n *layout) join(link *netlab.Namespace, m machine) error {
	namespace, err := n.add(m.name)
	if err != nil {
		return err
	}
	if err := netlab.Connect(namespace, m.link, link, m.name); err != nil {
		return err
	}
	if err := link.Enslave(m.name, "switch"); err != nil {
		return err
	}
	if err := namespace.Address(m.link, m.addresses...); err != nil {
		return err
	}
	return addRoutes(namespace, m.routes)
}

// attach puts a machine behind its gateway, by which it reaches everything.
func (n *layout) attach(s stub) error {
	namespace, err := n.add(s.name)
	if err != nil {
		return err
	}
	gateway := n.stations[s.gateway].namespace
	if err := netlab.Connect(gateway, s.port, namespace, "eth0"); err != nil {
		return err
	}
	if err := gateway.Address(s.port, s.inner[:]...); err != nil {
		return err
	}
	if err := namespace.Address("eth0", s.addresses[:]...); err != nil {
		return err
	}
	return addRoutes(namespace, [][2]string{{"0.0.0.0/0", address(s.inner[0])}, {"::/0", address(s.inner[1])}})
}

func addRoutes(namespace *netlab.Namespace, routes [][2]string) error {
	for _, r := range routes {
		if err := namespace.Route(netip.MustParsePrefix(r[0]), netip.MustParseAddr(r[1])); err != nil {
			return err
		}
	}
	return nil
}

func address(prefix string) string { return netip.MustParsePrefix(prefix).Addr().String() }
