package host

import (
	"maps"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
)

// Labels that say what a container is part of.
const (
	labelComposeProject = "com.docker.compose.project"
	labelComposeService = "com.docker.compose.service"
	labelSwarmService   = "com.docker.swarm.service.name"
)

func (inv *inventory) hostContainers(ls listeners) []Container {
	var containers []Container
	for _, c := range inv.containers {
		containers = append(containers, inv.hostContainer(c, ls))
	}
	return containers
}

func (inv *inventory) hostContainer(c container.InspectResponse, ls listeners) Container {
	hc := Container{ID: c.ID, Name: safeName(strings.TrimPrefix(c.Name, "/"), c.ID)}
	if c.State != nil {
		hc.Running = c.State.Running || c.State.Paused || c.State.Restarting
	}
	if c.Config != nil && len(c.Config.Labels) > 0 {
		hc.Labels = maps.Clone(c.Config.Labels)
		hc.Project = safeLabel(hc.Labels[labelComposeProject])
		hc.Service = safeLabel(hc.Labels[labelComposeService])
		if hc.Service == "" {
			hc.Service = safeLabel(hc.Labels[labelSwarmService])
		}
	}
	if c.HostConfig != nil {
		hc.HostNetwork = c.HostConfig.NetworkMode.IsHost()
		hc.SharesNetwork = inv.fullID(c.HostConfig.NetworkMode.ConnectedContainer())
		hc.Privileged = c.HostConfig.Privileged
	}
	hc.DockerSocket = slices.ContainsFunc(c.Mounts, isDockerSocket)
	if c.NetworkSettings != nil {
		hc.Publications = publications(c.NetworkSettings.Ports, ls)
	}
	hc.Endpoints = inv.endpoints(c)
	return hc
}

// isDockerSocket tells whether a mount is the engine's socket, or a folder above it. Nothing else of mounts is looked at.
func isDockerSocket(m container.MountPoint) bool {
	switch path.Clean(m.Source) {
	case "/var/run/docker.sock", "/run/docker.sock", "/var/run", "/run", "/":
		return true
	}
	return false
}

// fullID is the ID of the container that --network container:X names by ID, beginning of an ID, or name.
func (inv *inventory) fullID(ref string) string {
	if ref == "" {
		return ""
	}
	i := slices.IndexFunc(inv.containers, func(c container.InspectResponse) bool {
		return c.ID == ref || strings.TrimPrefix(c.Name, "/") == ref
	})
	if i < 0 {
		i = slices.IndexFunc(inv.containers, func(c container.InspectResponse) bool { return strings.HasPrefix(c.ID, ref) })
	}
	if i < 0 {
		return ref
	}
	return inv.containers[i].ID
}

// endpoints are the networks that the container says it is on, and those that say so of it: docker_gwbridge, where
// the ports of a container on an overlay network are published, is only named by the network.
func (inv *inventory) endpoints(c container.InspectResponse) []Endpoint {
	var endpoints []Endpoint
	known := map[string]bool{}
	if c.NetworkSettings != nil {
		for name, e := range c.NetworkSettings.Networks {
			if e != nil {
				known[e.NetworkID] = true
				endpoints = append(endpoints, Endpoint{inv.networkName(name, e.NetworkID), e.IPAddress, e.GlobalIPv6Address})
			}
		}
	}
	for _, n := range inv.networks {
		if e, ok := n.Containers[c.ID]; ok && !known[n.ID] {
			endpoints = append(endpoints, Endpoint{safeName(n.Name, n.ID), e.IPv4Address.Addr(), e.IPv6Address.Addr()})
		}
	}
	return endpoints
}

// networkName is the name of the network with that ID as the Host has it. A stopped container may have no ID there.
func (inv *inventory) networkName(name, id string) string {
	i := slices.IndexFunc(inv.networks, func(n network.Inspect) bool { return n.ID == id })
	if i < 0 {
		return safeName(name, id)
	}
	return safeName(inv.networks[i].Name, id)
}

// publications are the ports in force. A port without a host port is one of a network in routed mode: not published.
func publications(ports network.PortMap, ls listeners) []Publication {
	var pubs []Publication
	for port, bindings := range ports {
		protocol, err := ParseProtocol(string(port.Proto()))
		if err != nil {
			continue // Docker publishes tcp, udp and sctp only
		}
		for _, b := range bindings {
			hostPort, err := strconv.ParseUint(b.HostPort, 10, 16)
			if err != nil || hostPort == 0 {
				continue
			}
			for _, addr := range hostAddresses(b.HostIP) {
				pubs = append(pubs, Publication{protocol, addr, uint16(hostPort), port.Num(),
					ls.listening(protocol, addr, uint16(hostPort))})
			}
		}
	}
	return pubs
}

// hostAddresses are the host addresses of a binding: none given means every address of both families.
func hostAddresses(addr netip.Addr) []netip.Addr {
	if !addr.IsValid() {
		return []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	}
	return []netip.Addr{addr.Unmap()}
}
