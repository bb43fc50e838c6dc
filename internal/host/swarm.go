package host

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"

	"github.com/moby/moby/api/types/swarm"
	"github.com/moby/moby/client"
)

// askSwarm asks for the ports on swarm's routing mesh: a manager that has a quorum for the services, any other node
// for what it has heard about the ingress network. Ports of mode=host are the tasks' containers' own publications.
func (inv *inventory) askSwarm(ctx context.Context, cli *client.Client) error {
	if inv.info.Swarm.ControlAvailable {
		list, err := cli.ServiceList(ctx, client.ServiceListOptions{})
		if err == nil {
			inv.services = meshOf(list.Items)
			return nil
		}
	}
	for _, n := range inv.networks {
		if n.Ingress {
			return inv.askIngress(ctx, cli, n.ID)
		}
	}
	return nil
}

func meshOf(services []swarm.Service) []Service {
	var mesh []Service
	for _, s := range services {
		for _, p := range s.Endpoint.Ports {
			protocol, err := ParseProtocol(string(p.Protocol))
			onHosts := p.PublishMode == swarm.PortConfigPublishModeHost
			if err != nil || onHosts || !isPort(p.PublishedPort) || !isPort(p.TargetPort) {
				continue
			}
			mesh = append(mesh, Service{safeName(s.Spec.Name, s.ID), protocol, uint16(p.PublishedPort), uint16(p.TargetPort)})
		}
	}
	return mesh
}

func isPort(n uint32) bool { return n > 0 && n < 1<<16 }

// ingressNetwork is the part of a verbosely inspected ingress network that is looked at. The client's type would not
// do: engines before 29 write "<nil>" for an address there is none of.
type ingressNetwork struct {
	Services map[string]struct {
		Ports []string // "Target: 80, Publish: 9000"
	}
}

func (inv *inventory) askIngress(ctx context.Context, cli *client.Client, id string) error {
	dial := cli.Dialer()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}
	defer transport.CloseIdleConnections()
	url := fmt.Sprintf("http://%s/v%s/networks/%s?verbose=true", client.DummyHost, inv.apiVersion, id)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the ingress network: %s", answer.Status)
	}
	var ingress ingressNetwork
	if err := json.NewDecoder(io.LimitReader(answer.Body, 64<<20)).Decode(&ingress); err != nil {
		return fmt.Errorf("the ingress network: %w", err)
	}
	inv.services = ingress.mesh()
	return nil
}

// mesh are the services with the protocol left open, which the engine does not tell there.
func (n ingressNetwork) mesh() []Service {
	var mesh []Service
	for name, s := range n.Services {
		for _, line := range s.Ports {
			var target, publish uint32
			_, err := fmt.Sscanf(line, "Target: %d, Publish: %d", &target, &publish)
			if err == nil && isPort(target) && isPort(publish) {
				mesh = append(mesh, Service{Name: safeLabel(name), HostPort: uint16(publish), ContainerPort: uint16(target)})
			}
		}
	}
	return mesh
}

// resolveMesh fills in the protocols left open: the engine holds a socket at [::] for each port of the mesh. Where
// there is none to be seen, the port counts for every protocol, so that none stays open unseen.
func (inv *inventory) resolveMesh(ls listeners) {
	var resolved []Service
	for _, s := range inv.services {
		if s.Protocol != 0 {
			resolved = append(resolved, s)
			continue
		}
		for _, s.Protocol = range ls.protocolsAt(s.HostPort) {
			resolved = append(resolved, s)
		}
	}
	inv.services = resolved
}

// protocolsAt are the protocols with a socket at [::] and that port, or all where there is none.
func (ls listeners) protocolsAt(port uint16) []Protocol {
	var protocols []Protocol
	for _, p := range []Protocol{TCP, UDP} {
		if ls.listening(p, netip.IPv6Unspecified(), port) {
			protocols = append(protocols, p)
		}
	}
	if len(protocols) == 0 {
		return []Protocol{TCP, UDP, SCTP}
	}
	return protocols
}
