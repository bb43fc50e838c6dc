package host

import (
	"fmt"
	"net/netip"
	"slices"
)

// check tells what in a Host that was read from a file cannot have come from Collect. Everything that rules are
// made of is looked at, because the file may be anybody's.
func (h *Host) check() error {
	for _, n := range h.Networks {
		if err := n.check(); err != nil {
			return err
		}
	}
	for i := range h.Containers {
		if err := h.Containers[i].check(); err != nil {
			return err
		}
	}
	for _, s := range h.Services {
		if s.Name != safeLabel(s.Name) || !s.Protocol.known() || s.HostPort == 0 {
			return fmt.Errorf("the swarm service %q has a name or a port that no service can have", s.Name)
		}
	}
	for _, i := range h.Interfaces {
		if i.Name == "" || len(i.Name) > 15 || !allValid(i.Addresses) {
			return fmt.Errorf("interface %q has a name or an address that no interface can have", i.Name)
		}
	}
	for _, r := range h.Routes {
		if !r.Destination.IsValid() {
			return fmt.Errorf("a route over %q has no destination", r.Interface)
		}
	}
	return nil
}

func (n *Network) check() error {
	if !dockerName.MatchString(n.Name) {
		return fmt.Errorf("%q is no name of a Docker network", n.Name)
	}
	if n.Bridge != "" && validInterface(n.Bridge) == "" {
		return fmt.Errorf("network %s: %q is no name of a bridge", n.Name, n.Bridge)
	}
	if !allValid(n.Subnets) {
		return fmt.Errorf("network %s has a subnet that is none", n.Name)
	}
	return nil
}

func (c *Container) check() error {
	if !dockerName.MatchString(c.Name) || !dockerName.MatchString(c.ID) {
		return fmt.Errorf("%q with ID %q is no container of Docker's", c.Name, c.ID)
	}
	if c.Project != safeLabel(c.Project) || c.Service != safeLabel(c.Service) {
		return fmt.Errorf("container %s: %q/%q is no compose project and service", c.Name, c.Project, c.Service)
	}
	for _, p := range c.Publications {
		if !p.HostAddress.IsValid() || !p.Protocol.known() || p.HostPort == 0 || p.ContainerPort == 0 {
			return fmt.Errorf("container %s publishes a port without an address, a protocol or a number", c.Name)
		}
	}
	return nil
}

func allValid(prefixes []netip.Prefix) bool {
	return !slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return !p.IsValid() })
}
