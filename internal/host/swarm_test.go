package host

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inSwarm puts an engine into a swarm with the service "web" on 8080/tcp and 8053/udp of the mesh, and on 9090/tcp of
// the hosts its tasks are on.
func inSwarm(t *testing.T, manager bool) *fakeEngine {
	e := recordedEngine(t, "docker-20.10-iptables")
	e.object("/info")["Swarm"] = map[string]any{"LocalNodeState": "active", "ControlAvailable": manager}
	ingress := map[string]any{"Id": "ingress0id", "Name": "ingress", "Driver": "overlay", "Ingress": true}
	e.Answers["/networks"] = append(e.Answers["/networks"].([]any), ingress)
	e.Answers["/networks/ingress0id"] = ingress
	e.Answers["/networks/ingress0id?verbose=true"] = map[string]any{"Services": map[string]any{
		"":    map[string]any{"VIP": "<nil>", "Ports": []any{}},
		"web": map[string]any{"Ports": []any{"Target: 80, Publish: 8080", "?", "Target: 53, Publish: 8053"}},
	}}
	port := func(protocol string, target, published int, mode string) map[string]any {
		return map[string]any{"Protocol": protocol, "TargetPort": target, "PublishedPort": published, "PublishMode": mode}
	}
	e.Answers["/services"] = []any{map[string]any{
		"ID": "abc", "Spec": map[string]any{"Name": "web"},
		"Endpoint": map[string]any{"Ports": []any{
			port("tcp", 80, 8080, "ingress"), port("udp", 53, 8053, "ingress"),
			port("tcp", 80, 9090, "host"), port("tcp", 81, 0, "ingress"),
		}},
	}}
	return e
}

var webOnMesh = []Service{{"web", TCP, 8080, 80}, {"web", UDP, 8053, 53}}

func TestCollectSwarmManager(t *testing.T) {
	h := collectFrom(t, inSwarm(t, true))
	if !h.Engine.Swarm {
		t.Error("the engine is not in a swarm")
	}
	if diff := cmp.Diff(webOnMesh, h.Services); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	if n := h.network("ingress"); n == nil || !n.Ingress || n.Bridge != "" {
		t.Errorf("the ingress network is %+v", n)
	}
}

// anyProtocol is what a node knows that does not hear of protocols and holds no socket for the port.
func anyProtocol(hostPort, port uint16) []Service {
	return []Service{{"web", TCP, hostPort, port}, {"web", UDP, hostPort, port}, {"web", SCTP, hostPort, port}}
}

func TestCollectSwarmWorkerAndLeaderless(t *testing.T) {
	want := append(anyProtocol(8080, 80), anyProtocol(8053, 53)...)
	for _, manager := range []bool{false, true} {
		e := inSwarm(t, manager)
		e.before = func(path string) int {
			if path == "/services" {
				return http.StatusServiceUnavailable
			}
			return 0
		}
		got := collectFrom(t, e)
		wanted := Host{Services: append([]Service(nil), want...)}
		wanted.sort()
		if diff := cmp.Diff(wanted.Services, got.Services); diff != "" {
			t.Errorf("manager %v: services (-want +got):\n%s", manager, diff)
		}
	}
}

// The engine's own socket at [::] tells the protocol of a mesh port.
func TestResolveMesh(t *testing.T) {
	inv := inventory{services: []Service{{"web", 0, 8080, 80}, {"dns", 0, 8053, 53}, {"db", TCP, 5432, 5432}}}
	any6 := netip.IPv6Unspecified()
	inv.resolveMesh(listeners{{TCP, netip.AddrPortFrom(any6, 8080)}, {UDP, netip.AddrPortFrom(any6, 8053)}})
	want := []Service{{"web", TCP, 8080, 80}, {"dns", UDP, 8053, 53}, {"db", TCP, 5432, 5432}}
	if diff := cmp.Diff(want, inv.services); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
}

// The port of a container on an overlay network is published on docker_gwbridge, which only the network tells.
func TestCollectGatewayEndpoint(t *testing.T) {
	e := recordedEngine(t, "docker-26.1-iptables")
	gateway := map[string]any{
		"Id": "0123456789abcdef", "Name": "docker_gwbridge", "Driver": "bridge",
		"Options": map[string]any{optionBridgeName: "docker_gwbridge"},
		"IPAM":    map[string]any{"Config": []any{map[string]any{"Subnet": "172.30.0.0/16", "Gateway": "172.30.0.1"}}},
		"Containers": map[string]any{
			e.containerNamed(t, "nginx")["Id"].(string): map[string]any{"Name": "gateway_1", "IPv4Address": "172.30.0.3/16"},
			"ingress-sbox": map[string]any{"Name": "gateway_ingress-sbox", "IPv4Address": "172.30.0.2/16"},
		},
	}
	e.Answers["/networks"] = append(e.Answers["/networks"].([]any), gateway)
	e.Answers["/networks/0123456789abcdef"] = gateway
	h := collectFrom(t, e)
	want := []Endpoint{
		{Network: "bridge", IPv4: netip.MustParseAddr("172.17.0.4")},
		{Network: "docker_gwbridge", IPv4: netip.MustParseAddr("172.30.0.3")},
	}
	if diff := cmp.Diff(want, h.named("nginx").Endpoints, compareHosts); diff != "" {
		t.Errorf("endpoints (-want +got):\n%s", diff)
	}
	targets := h.Targets(netip.MustParseAddr("172.30.0.3"), TCP, 80)
	if len(targets) != 1 || targets[0].Container != h.named("nginx") {
		t.Errorf("targets %+v, want nginx directly", targets)
	}
}
