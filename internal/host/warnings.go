package host

import (
	"fmt"
	"slices"
	"strings"
)

// warnings are the sentences about what no gate on this host can cover.
func (h *Host) warnings() []string {
	var w []string
	w = append(w, h.engineWarnings()...)
	for i := range h.Networks {
		w = append(w, h.networkWarnings(&h.Networks[i])...)
	}
	for _, c := range h.Containers {
		if c.Running && c.HostNetwork {
			w = append(w, fmt.Sprintf("container %s uses the host's own network: its ports are the host's, "+
				"which dockwall leaves as they are", c.Name))
		}
	}
	return w
}

func (h *Host) engineWarnings() []string {
	var w []string
	if h.Engine.Rootless {
		w = append(w, "the Docker engine runs rootless: its bridges are in its user's network namespace and its ports "+
			"are that user's sockets, which a gate on the host's bridges does not cover")
	}
	if strings.Contains(h.Engine.OperatingSystem, "Docker Desktop") {
		w = append(w, "the Docker engine is Docker Desktop: it runs in a virtual machine of its own, and no rule on this "+
			"host sees its containers' traffic as it is")
	}
	return w
}

func (h *Host) networkWarnings(n *Network) []string {
	names := strings.Join(h.containersOn(n.Name), ", ")
	switch n.Driver {
	case "bridge":
		return h.bridgeWarnings(n)
	case "host", "null", "overlay":
		return nil
	case "macvlan", "ipvlan":
		if names != "" {
			return []string{fmt.Sprintf("network %s is %s: packets of its containers (%s) pass by the host's firewall, which "+
				"cannot cover them", n.Name, n.Driver, names)}
		}
		return nil
	}
	if names != "" {
		return []string{fmt.Sprintf("network %s is of the driver %q, which dockwall does not know: what its containers (%s) "+
			"are reached by is covered only where it passes one of Docker's bridges", n.Name, n.Driver, names)}
	}
	return nil
}

func (h *Host) bridgeWarnings(n *Network) []string {
	if n.Bridge == "" {
		return []string{fmt.Sprintf("network %s gives its bridge a name that dockwall does not take for an interface's: "+
			"traffic to its containers is not covered", n.Name)}
	}
	if !slices.ContainsFunc(h.Interfaces, func(i Interface) bool { return i.Name == n.Bridge }) {
		return []string{fmt.Sprintf("network %s has the bridge %s, which is no interface here: the engine runs on another "+
			"machine or in another network namespace, or the bridge was deleted", n.Name, n.Bridge)}
	}
	var w []string
	for _, i := range h.Interfaces {
		if i.Master == n.Bridge && i.Kind != "veth" {
			w = append(w, fmt.Sprintf("interface %q is a port of network %s's bridge %s: what arrives there counts as "+
				"traffic between containers and is not covered", i.Name, n.Name, n.Bridge))
		}
	}
	return w
}

// containersOn are the names of the running containers on a network.
func (h *Host) containersOn(network string) []string {
	var names []string
	for _, c := range h.Containers {
		if c.Running && slices.ContainsFunc(c.Endpoints, func(e Endpoint) bool { return e.Network == network }) {
			names = append(names, c.Name)
		}
	}
	return names
}
